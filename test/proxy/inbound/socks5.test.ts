import { once } from 'node:events';
import type { Socket } from 'node:net';
// @ts-expect-error -- socksv5 has no types
import socksv5 from 'socksv5';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import type { TestBridge } from '../../support/bridge.ts';
import { fakeSocks } from '../../support/fake-socks.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

interface Target {
  host: string;
  port: number;
}

/** socksv5's client, which resolves nothing itself. */
async function viaSocksv5({ socksPort }: TestBridge, target: Target): Promise<Socket> {
  const client = new socksv5.Client({
    proxyHost: '127.0.0.1',
    proxyPort: socksPort,
    localDNS: false,
    auths: [socksv5.auth.None()],
  });
  client.connect(target);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  client
    .on('connect', resolve)
    .on('error', reject)
    .on('close', () => reject(new Error('closed')));
  return promise;
}

const request = (type: number, address: number[], port: number): Buffer =>
  Buffer.from([5, 1, 0, 5, 1, 0, type, ...address, port >> 8, port & 255]);

/** The reply code of RFC 1928 6; the reply must be whole. */
async function replyTo(socksPort: number, bytes: Buffer): Promise<number> {
  const client = await rawClient(socksPort, bytes);
  const received = Buffer.from(await client.rest(), 'latin1');
  client.socket.destroy();
  if (received.length !== 2 + 10) throw new Error(`not a whole reply: ${received.toString('hex')}`);
  return received[3] ?? -1;
}

void t.test("socksv5's client reaches a node by name and by IPv4", async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const bridge = await startBridge(t, { tailnet: fakeTailnet(await fakeSocks(t)) });
  for (const host of ['web', 'web.tail1.ts.net', '100.64.0.7']) {
    const socket = await viaSocksv5(bridge, { host, port: origin.port });
    socket.write('hello');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    t.equal(chunk.toString(), 'hello', host);
    socket.end();
    t.teardown(() => socket.destroy());
  }
  t.match(await bridge.record(2), {
    proto: 'socks5',
    method: 'CONNECT',
    route: 'tailnet',
    status: 200,
    bytesUp: 5,
    bytesDown: 5,
  });
});

void t.test('greeting, request and first bytes may come as one, or byte by byte', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const { socksPort } = await startBridge(t);
  const bytes = Buffer.concat([request(1, [127, 0, 0, 1], origin.port), Buffer.from('early')]);
  const glued = await rawClient(socksPort, bytes);
  await glued.until(/early$/u);
  glued.socket.destroy();
  const slow = await rawClient(socksPort);
  slow.socket.setNoDelay(true);
  for (const byte of bytes) {
    slow.socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await slow.until(/early$/u);
  slow.socket.destroy();
});

void t.test('RFC 1928 6: each failure has its reply, and replies are whole', async (t) => {
  const tailnet = fakeTailnet(undefined);
  const { socksPort } = await startBridge(t, { tailnet, deny: '203.0.113.9' });
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  t.equal(await replyTo(socksPort, request(1, [203, 0, 113, 9], 80)), 2, 'denied');
  t.equal(await replyTo(socksPort, request(1, [100, 64, 0, 7], 80)), 3, 'tailnet down');
  t.equal(await replyTo(socksPort, request(3, name('nosuch.example'), 80)), 4, 'no such name');
  t.equal(await replyTo(socksPort, request(1, [127, 0, 0, 1], 1)), 5, 'refused');
  t.equal(
    await replyTo(socksPort, Buffer.from([5, 1, 0, 5, 2, 0, 1, 1, 1, 1, 1, 0, 80])),
    7,
    'BIND',
  );
  t.equal(
    await replyTo(socksPort, Buffer.from([5, 1, 0, 5, 1, 0, 9, 1, 1, 1, 1, 0, 80])),
    8,
    'address type',
  );
  t.equal(await replyTo(socksPort, request(3, name('a b'), 80)), 1, 'no host');
  t.equal(await replyTo(socksPort, request(1, [127, 0, 0, 1], 0)), 1, 'port 0');
});

void t.test('RFC 1929: with a token the password is asked for', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const bridge = await startBridge(t, { proxyToken: 'secret' });
  const target = request(1, [127, 0, 0, 1], origin.port).subarray(3);
  const right = await rawClient(bridge.socksPort, Buffer.from([5, 2, 0, 2]));
  right.socket.write(Buffer.concat([Buffer.from([1, 1, 97, 6]), Buffer.from('secret'), target]));
  right.socket.write('in');
  t.equal(
    Buffer.from(await right.until(/in$/u), 'latin1')
      .toString('hex')
      .slice(0, 8),
    '05020100',
  );
  right.socket.end();
  const wrong = await rawClient(bridge.socksPort, Buffer.from([5, 1, 2, 1, 1, 97, 1, 98]));
  t.equal(Buffer.from(await wrong.rest(), 'latin1').toString('hex'), '05020101');
  const none = await rawClient(bridge.socksPort, Buffer.from([5, 1, 0]));
  t.equal(Buffer.from(await none.rest(), 'latin1').toString('hex'), '05ff');
  await bridge.record(2);
  t.equal(bridge.records.filter(({ status }) => status === 407).length, 2);
  t.equal(bridge.bridge.counters().denied, 2);
});

void t.test('what is not SOCKS5 is closed and logged; silence is closed and not', async (t) => {
  const { socksPort, record, records } = await startBridge(t, { headerTimeoutMs: 200 });
  const http = await rawClient(socksPort, 'GET / HTTP/1.1\r\n\r\n');
  t.equal(await http.rest(), '');
  t.match(await record(), { proto: 'socks5', status: 400, error: 'http_request_error' });
  const silent = await rawClient(socksPort);
  t.equal(await silent.rest(), '');
  const slow = await rawClient(socksPort, Buffer.from([5]));
  t.equal(await slow.rest(), '');
  t.match(await record(1), { status: 408 });
  t.equal(records.length, 2);
});

void t.test('a client that goes away at any moment leaves nothing open', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const { socksPort, bridge, records } = await startBridge(t);
  const bytes = Buffer.concat([request(1, [127, 0, 0, 1], origin.port), Buffer.from('early')]);
  for (let cut = 1; cut <= bytes.length; cut += 1) {
    const client = await rawClient(socksPort, bytes.subarray(0, cut));
    if (cut % 2 === 0) client.socket.resetAndDestroy();
    else client.socket.destroy();
  }
  const last = await rawClient(socksPort, bytes);
  await last.until(/early$/u);
  last.socket.end();
  await waitFor(() => origin.open.size === 0 && bridge.counters().openTunnels === 0);
  await waitFor(() => records.length === bridge.counters().requests);
});
