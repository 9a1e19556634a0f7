/** A name with three addresses, each of them living, refusing or silent, in all 27 orders by each route. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import type { Owner } from '../../../src/tailnet.ts';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { rawSocks } from '../../support/fake-socks.ts';
import { fakePeer, fakeTailnet } from '../../support/fake-tailnet.ts';
import { silentListener } from '../../support/silent-listener.ts';

t.setTimeout(120_000);

const KINDS = ['living', 'refusing', 'silent'] as const;
type Kind = (typeof KINDS)[number];
const ORDERS = KINDS.flatMap((a) => KINDS.flatMap((b) => KINDS.map((c) => [a, b, c] as const)));
const CONNECT_TIMEOUT_MS = 2000;

/** Three addresses of each kind. */
type Addresses = Readonly<Record<Kind, readonly [string, string, string]>>;

function within(prefix: string): Addresses {
  const three = (part: number): readonly [string, string, string] => [
    `${prefix}.${part}.1`,
    `${prefix}.${part}.2`,
    `${prefix}.${part}.3`,
  ];
  return { living: three(1), refusing: three(2), silent: three(3) };
}

function namesOf(addresses: Addresses): Record<string, [string, string, string]> {
  return Object.fromEntries(
    ORDERS.map(([a, b, c]) => [
      `${a}-${b}-${c}.example`,
      [addresses[a][0], addresses[b][1], addresses[c][2]],
    ]),
  );
}

async function tryAll(
  t: Test,
  port: number,
  options: Parameters<typeof startBridge>[1],
): Promise<void> {
  const { httpPort, records } = await startBridge(t, {
    ...options,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  const tryOne = async (order: readonly Kind[]): Promise<void> => {
    const host = `${order.join('-')}.example`;
    const head = `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const client = await rawClient(httpPort, head);
    const kinds = new Set(order);
    if (kinds.has('living')) {
      await client.until(/^HTTP\/1\.1 200 [^]*\r\n\r\n/u);
      client.socket.destroy();
      return;
    }
    const answer = await client.rest();
    client.socket.destroy();
    t.match(answer, kinds.has('silent') ? /^HTTP\/1\.1 504 / : /^HTTP\/1\.1 502 /, host);
    t.equal(/did not answer at/u.test(answer), kinds.has('silent'), answer);
    t.equal(/refused the connection at/u.test(answer), kinds.has('refusing'), answer);
    t.match(
      records.find((one) => one.host === host),
      { tried: 3 },
    );
  };
  await Promise.all(ORDERS.map(tryOne));
}

void t.test('by the host network', async (t) => {
  const addresses = within('127.1');
  const [first, ...others] = addresses.living;
  let port = 0;
  for (const host of [first, ...others]) {
    const server = createServer((socket) => void socket.resume().on('error', () => {}));
    server.listen({ host, port });
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    t.teardown(() => server.close());
  }
  for (const host of addresses.silent) await silentListener(t, host, port);
  await tryAll(t, port, { names: namesOf(addresses) });
});

const peer = fakePeer();
const routes: Record<string, { addresses: Addresses; owner: ((ip: string) => Owner) | undefined }> =
  {
    tailnet: { addresses: within('100.64'), owner: () => ({ kind: 'peer', peer }) },
    subnet: {
      addresses: within('10.9'),
      owner: () => ({ kind: 'subnet', peer, prefix: '10.9.0.0/16', accepted: true }),
    },
    exit: { addresses: within('198.51'), owner: undefined },
  };

for (const [via, { addresses, owner }] of Object.entries(routes)) {
  void t.test(`by the route ${via}`, async (t) => {
    const socks = await rawSocks(t, (_socket, request) => {
      // Greeting, then the request; the address is the literal's bytes.
      const ip = [...request.subarray(7, 11)].join('.');
      if (addresses.silent.includes(ip)) return undefined;
      const reply = addresses.living.includes(ip) ? 0 : 1;
      return Buffer.from([5, 0, 5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
    });
    const tailnet = fakeTailnet(socks);
    for (const ip of Object.values(addresses).flat()) {
      if (owner !== undefined) tailnet.owners.set(ip, owner(ip));
    }
    if (via === 'exit') tailnet.exit = peer;
    await tryAll(t, 80, { names: namesOf(addresses), tailnet });
  });
}
