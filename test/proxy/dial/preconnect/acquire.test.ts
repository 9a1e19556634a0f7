/** Dial ahead on real sockets: what a client feels, what an origin sees, and what a hostile one can cost. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { splitRules } from '../../../../src/config/rule-text.ts';
import { compilePolicy } from '../../../../src/proxy/policy/policy.ts';
import { parseRules } from '../../../../src/proxy/policy/rules.ts';
import { rawClient, startBridge } from '../../../support/bridge.ts';
import type { RawClient, TestBridge, TestBridgeOptions } from '../../../support/bridge.ts';
import { fakePeer, fakeTailnet } from '../../../support/fake-tailnet.ts';
import { fakeSocks } from '../../../support/fake-socks.ts';
import { httpOrigin, tcpOrigin } from '../../../support/origins.ts';
import type { Teardown } from '../../../support/teardown.ts';
import { waitFor } from '../../../support/wait-for.ts';

t.setTimeout(60_000);

interface Options extends TestBridgeOptions {
  readonly rules?: string;
  readonly idleMs?: number;
}

async function preconnecting(t: Teardown, options: Options = {}): Promise<TestBridge> {
  const { rules = '**', idleMs, ...rest } = options;
  const parsed = parseRules(splitRules(rules, 'SPACETAIL_PRECONNECT'));
  const preconnect = { rules: parsed, ...(idleMs === undefined ? {} : { idleMs }) };
  return startBridge(t, { ...rest, preconnect });
}

const counts = ({ bridge }: TestBridge) => {
  const found = bridge.spares();
  if (found === undefined) throw new Error('nothing is dialled ahead');
  return found;
};

const openSpares = async (bridge: TestBridge, open: number): Promise<unknown> =>
  waitFor(() => counts(bridge).open === open && counts(bridge).dialling === 0, {
    what: `${open} spares`,
  });

/** A tunnel that stands; the client has sent nothing through it. */
async function tunnelTo(bridge: TestBridge, target: string): Promise<RawClient> {
  const head = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
  const client = await rawClient(bridge.httpPort, head);
  await client.until(/^HTTP\/1.1 200 [^]*\r\n\r\n/u);
  return client;
}

async function echoThrough(client: RawClient, text: string): Promise<void> {
  client.socket.write(text);
  await client.until(new RegExp(`${text}$`, 'u'));
  client.socket.end();
  await client.rest();
}

/** The origin's side of each connection, in the order they came. */
async function echoOrigin(t: Teardown) {
  const sockets: Socket[] = [];
  const origin = await tcpOrigin(t, (socket) => {
    sockets.push(socket);
    socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end());
  });
  return { ...origin, sockets, target: `127.0.0.1:${origin.port}` };
}

void t.test('the second tunnel has its connection at once, and the right bytes', async (t) => {
  const origin = await echoOrigin(t);
  const bridge = await preconnecting(t);
  await echoThrough(await tunnelTo(bridge, origin.target), 'first');
  await waitFor(() => origin.accepted.count === 2, { what: 'the spare at the origin' });
  for (const text of ['second', 'third', 'fourth']) {
    await openSpares(bridge, 1);
    const before = origin.accepted.count;
    const client = await tunnelTo(bridge, origin.target);
    await echoThrough(client, text);
    await waitFor(() => origin.accepted.count === before + 1, { what: 'one more spare, no dial' });
  }
  const records = await Promise.all([0, 1, 2, 3].map(async (at) => bridge.record(at)));
  t.same(
    records.map(({ preconnect }) => preconnect),
    [undefined, true, true, true],
  );
  t.match(records[3], { dialMs: 0, bytesUp: 6, bytesDown: 6, ip: '127.0.0.1', status: 200 });
  t.notOk('preconnect' in (records[0] ?? {}), 'the field is there only when it applies');
  t.equal(counts(bridge).used, 3);
  t.equal(bridge.bridge.counters().requests, 4, 'spares are no requests');
});

void t.test('nothing is dialled ahead without a rule that names the destination', async (t) => {
  const origin = await echoOrigin(t);
  const off = await startBridge(t);
  const other = await preconnecting(t, { rules: '127.0.0.1:1 *.corp.example' });
  for (const bridge of [off, other]) {
    await echoThrough(await tunnelTo(bridge, origin.target), 'one');
    await echoThrough(await tunnelTo(bridge, origin.target), 'two');
  }
  t.equal(off.bridge.spares(), undefined);
  t.match(counts(other), { open: 0, used: 0 });
  t.equal(origin.accepted.count, 4);
});

void t.test(
  'none for what is denied, nor for what a policy in report mode would deny',
  async (t) => {
    const origin = await echoOrigin(t);
    const policy = compilePolicy({
      mode: 'report',
      allow: [],
      deny: splitRules('127.0.0.1', 'SPACETAIL_DENY'),
      allowLocal: splitRules('127.0.0.1', 'SPACETAIL_ALLOW_LOCAL'),
      metadata: undefined,
    });
    const reporting = await preconnecting(t, { policy });
    await echoThrough(await tunnelTo(reporting, origin.target), 'would be denied');
    t.match((await reporting.record()).policy, { decision: 'would_deny' });
    t.equal(counts(reporting).open, 0);
    const denying = await preconnecting(t, { deny: '127.0.0.1' });
    const client = await rawClient(
      denying.httpPort,
      `CONNECT ${origin.target} HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    await client.until(/^HTTP\/1.1 403 /u);
    client.socket.destroy();
    t.equal(counts(denying).open, 0);
    t.equal(origin.accepted.count, 1);
  },
);

for (const how of ['end', 'resetAndDestroy'] as const) {
  void t.test(
    `a spare that the origin closed unused (${how}) is gone, and the next tunnel dials`,
    async (t) => {
      const origin = await echoOrigin(t);
      const bridge = await preconnecting(t);
      await echoThrough(await tunnelTo(bridge, origin.target), 'first');
      await waitFor(() => origin.sockets.length === 2, { what: 'the spare' });
      origin.sockets[1]?.[how]();
      await openSpares(bridge, 0);
      await echoThrough(await tunnelTo(bridge, origin.target), 'second');
      t.equal((await bridge.record(1)).preconnect, undefined);
      t.match(counts(bridge), { used: 0, closed: { origin_closed: 1 } });
    },
  );

  void t.test(
    `a spare that ends (${how}) in the client's hands before its first byte is replaced`,
    async (t) => {
      const origin = await echoOrigin(t);
      const bridge = await preconnecting(t);
      await echoThrough(await tunnelTo(bridge, origin.target), 'first');
      await openSpares(bridge, 1);
      await waitFor(() => origin.sockets.length === 2, { what: 'the spare' });
      const client = await tunnelTo(bridge, origin.target);
      origin.sockets[1]?.[how]();
      await waitFor(() => counts(bridge).closed.replaced === 1, { what: 'its replacement' });
      await echoThrough(client, 'second');
      t.match(await bridge.record(1), { status: 200, error: null, bytesUp: 6, bytesDown: 6 });
      t.equal((await bridge.record(1)).preconnect, undefined);
      t.equal(counts(bridge).used, 0);
    },
  );
}

void t.test(
  'a replacement that fails ends the tunnel with a reset and its reason in the log',
  async (t) => {
    const sockets: Socket[] = [];
    const origin = await tcpOrigin(t, (socket) => void sockets.push(socket));
    const peer = fakePeer();
    const socks = await fakeSocks(t);
    const bridge = await preconnecting(t, { tailnet: fakeTailnet(socks, [peer]) });
    const target = `web:${origin.port}`;
    const first = await tunnelTo(bridge, target);
    await openSpares(bridge, 1);
    await waitFor(() => sockets.length === 2, { what: 'the spare' });
    const client = await tunnelTo(bridge, target);
    bridge.tailnet.current = { kind: 'down', detail: 'it was stopped' };
    sockets[1]?.destroy();
    await client.rest();
    t.match(await bridge.record(), { status: 200, error: 'destination_unavailable', bytesDown: 0 });
    first.socket.destroy();
  },
);

void t.test('after the first byte an error stands: nothing is sent twice', async (t) => {
  const seen: string[] = [];
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', (chunk: Buffer) => {
      seen.push(String(chunk));
      if (String(chunk) === 'fatal') socket.resetAndDestroy();
      else socket.end(chunk);
    });
  });
  const bridge = await preconnecting(t);
  const target = `127.0.0.1:${origin.port}`;
  await echoThrough(await tunnelTo(bridge, target), 'first');
  await openSpares(bridge, 1);
  const client = await tunnelTo(bridge, target);
  client.socket.write('fatal');
  await client.rest();
  t.match(await bridge.record(1), { preconnect: true, error: 'connection_terminated', bytesUp: 5 });
  t.same(seen, ['first', 'fatal']);
});

void t.test(
  'a server that speaks first is heard by its client, and never dialled ahead again',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => {
      socket.write('SSH-2.0-test\r\n');
      socket.on('data', () => {}).on('end', () => socket.end());
    });
    const bridge = await preconnecting(t);
    const target = `127.0.0.1:${origin.port}`;
    for (let turn = 0; turn < 4; turn += 1) {
      const client = await tunnelTo(bridge, target);
      await client.until(/SSH-2.0-test\r\n$/u);
      client.socket.end();
      await client.rest();
      await openSpares(bridge, 0);
    }
    t.equal(origin.accepted.count, 5, 'one spare in the whole run');
    t.match(counts(bridge).closed, { origin_spoke: 1 });
  },
);

void t.test('a spare that nobody wants is closed after its time, and none follows', async (t) => {
  const origin = await echoOrigin(t);
  const bridge = await preconnecting(t, { idleMs: 40 });
  await echoThrough(await tunnelTo(bridge, origin.target), 'first');
  await waitFor(() => counts(bridge).closed.expired === 1, { what: 'its end' });
  await waitFor(() => origin.open.size === 0, { what: 'the end at the origin' });
  t.equal(origin.accepted.count, 2);
  t.equal(counts(bridge).open, 0);
});

void t.test('at most 16 in all', async (t) => {
  const origins = await Promise.all(Array.from({ length: 20 }, async () => echoOrigin(t)));
  const bridge = await preconnecting(t);
  for (const { target } of origins) await echoThrough(await tunnelTo(bridge, target), 'one');
  await waitFor(() => origins.filter(({ open }) => open.size === 1).length === 16, {
    what: '16 spares',
  });
  t.equal(counts(bridge).open, 16);
  t.equal(
    origins.reduce((sum, { accepted }) => sum + accepted.count, 0),
    20 + 16,
  );
});

void t.test(
  'a change of the netmap closes those that it concerns, a whole new one all',
  async (t) => {
    const origin = await echoOrigin(t);
    const socks = await fakeSocks(t);
    const tailnet = fakeTailnet(socks, [fakePeer()]);
    const bridge = await preconnecting(t, { tailnet });
    const target = `web:${origin.port}`;
    await echoThrough(await tunnelTo(bridge, target), 'first');
    await echoThrough(await tunnelTo(bridge, origin.target), 'direct');
    await openSpares(bridge, 2);
    bridge.bridge.netmapChanged(false);
    t.equal(counts(bridge).open, 2, 'a tick that says nothing new');
    tailnet.peers = [fakePeer({ online: false })];
    bridge.bridge.netmapChanged(false);
    t.match(counts(bridge), { open: 1, closed: { netmap: 1 } });
    bridge.bridge.netmapChanged(true);
    t.match(counts(bridge), { open: 0, closed: { netmap: 2 } });
  },
);

void t.test('a spare is for its own address, port and way alone', async (t) => {
  const origin = await echoOrigin(t);
  const socks = await fakeSocks(t);
  const names: Record<string, [string]> = { 'moved.example': ['127.0.0.1'] };
  const bridge = await preconnecting(t, { tailnet: fakeTailnet(socks), names });
  await echoThrough(await tunnelTo(bridge, `moved.example:${origin.port}`), 'first');
  await openSpares(bridge, 1);
  names['moved.example'] = ['127.0.0.2'];
  const head = `CONNECT moved.example:${origin.port} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const refused = await rawClient(bridge.httpPort, head);
  await refused.until(/^HTTP\/1.1 502 /u);
  refused.socket.destroy();
  t.equal(counts(bridge).used, 0, 'the name has another address now');
  await echoThrough(await tunnelTo(bridge, `web:${origin.port}`), 'by the tailnet');
  t.equal((await bridge.record(2)).preconnect, undefined);
  await echoThrough(await tunnelTo(bridge, origin.target), 'same address');
  t.equal((await bridge.record(3)).preconnect, true, 'another name of the same address');
});

void t.test(
  'an origin that accepts and closes at once costs no more dials ahead than requests',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.destroy());
    const bridge = await preconnecting(t);
    const requests = 30;
    for (let turn = 0; turn < requests; turn += 1) {
      const client = await tunnelTo(bridge, `127.0.0.1:${origin.port}`);
      await client.rest();
      client.socket.destroy();
    }
    await openSpares(bridge, 0);
    const ahead = origin.accepted.count - requests;
    t.ok(ahead >= 1 && ahead <= 5, `${ahead} dials ahead: it is left alone for a while`);
  },
);

void t.test('requests that come while the spare is being dialled do not wait twice', async (t) => {
  const origin = await echoOrigin(t);
  const bridge = await preconnecting(t);
  await echoThrough(await tunnelTo(bridge, origin.target), 'first');
  const clients = await Promise.all(
    Array.from({ length: 8 }, async () => tunnelTo(bridge, origin.target)),
  );
  await Promise.all(clients.map(async (client, at) => echoThrough(client, `at once ${at}`)));
  const records = await Promise.all(clients.map(async (_, at) => bridge.record(at + 1)));
  t.same(
    records.map(({ status, error }) => [status, error]),
    clients.map(() => [200, null]),
  );
  await openSpares(bridge, 1);
  const { used } = counts(bridge);
  t.ok(used >= 1 && used <= 8, `${used} were used`);
  t.equal(origin.accepted.count, 9 + 1, 'one connection each, and one spare');
});

void t.test('forwarded requests get spares too, and a POST is sent once', async (t) => {
  const bodies: string[] = [];
  const origin = await httpOrigin(t, (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { connection: 'close' }).end('done');
    });
  });
  const bridge = await preconnecting(t);
  const post = async (body: string) => {
    const client = await rawClient(
      bridge.httpPort,
      `POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    const answer = await client.rest();
    client.socket.destroy();
    t.match(answer, /^HTTP\/1.1 200 [^]*done\r\n/u);
  };
  for (const body of ['one', 'two', 'three']) {
    await post(body);
    await openSpares(bridge, 1);
  }
  t.same(bodies, ['one', 'two', 'three']);
  t.equal(counts(bridge).used, 2);
  t.match(await bridge.record(2), { preconnect: true, dialMs: 0, bytesUp: 5 });
  // A tunnel may take it; after one for tunnels a request would find a form it cannot read.
  const client = await tunnelTo(bridge, `127.0.0.1:${origin.port}`);
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  t.match(await client.rest(), /done\r\n/u);
  client.socket.destroy();
  t.equal((await bridge.record(3)).preconnect, true);
  await openSpares(bridge, 1);
  await post('four');
  t.equal((await bridge.record(4)).preconnect, true, 'its spares stay streams');
});

void t.test('a spare for tunnels is no connection for a forwarded request', async (t) => {
  const origin = await httpOrigin(t, (_, response) => response.end('hello'));
  const bridge = await preconnecting(t);
  const tunnelled = await tunnelTo(bridge, `127.0.0.1:${origin.port}`);
  await openSpares(bridge, 1);
  const client = await rawClient(
    bridge.httpPort,
    `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
  t.match(await client.rest(), /hello$/u);
  client.socket.destroy();
  tunnelled.socket.destroy();
  t.match(counts(bridge), { used: 0, closed: { unfit: 1 } });
});

void t.test(
  'a drain closes the spares at once, before the requests under way have ended',
  async (t) => {
    const origin = await echoOrigin(t);
    const bridge = await preconnecting(t);
    const client = await tunnelTo(bridge, origin.target);
    await openSpares(bridge, 1);
    await waitFor(() => origin.open.size === 2, { what: 'tunnel and spare' });
    const drained = bridge.bridge.drain(AbortSignal.timeout(20_000));
    await waitFor(() => origin.open.size === 1, { what: 'the end of the spare' });
    await echoThrough(client, 'still here');
    t.equal(await drained, 0);
    t.match(counts(bridge), { open: 0, closed: { drained: 1 } });
    t.equal(origin.accepted.count, 2);
  },
);

void t.test('a drain cuts a tunnel whose client has not sent its first byte', async (t) => {
  const origin = await echoOrigin(t);
  const bridge = await preconnecting(t);
  await echoThrough(await tunnelTo(bridge, origin.target), 'first');
  await openSpares(bridge, 1);
  const client = await tunnelTo(bridge, origin.target);
  t.equal(bridge.bridge.counters().openTunnels, 1, 'it counts as open');
  t.equal(await bridge.bridge.drain(AbortSignal.abort()), 1);
  await client.rest();
  t.match(await bridge.record(1), { closeReason: 'drained', status: 200 });
  if (!client.socket.destroyed) await once(client.socket.end(), 'close');
});

void t.test(
  'the first bytes of a client may come with its CONNECT, or be none at all',
  async (t) => {
    const origin = await echoOrigin(t);
    const bridge = await preconnecting(t);
    await echoThrough(await tunnelTo(bridge, origin.target), 'first');
    await openSpares(bridge, 1);
    const eager = await rawClient(
      bridge.httpPort,
      `CONNECT ${origin.target} HTTP/1.1\r\nHost: x\r\n\r\neager`,
    );
    await eager.until(/eager$/u);
    eager.socket.end();
    await eager.rest();
    await openSpares(bridge, 1);
    const silent = await tunnelTo(bridge, origin.target);
    silent.socket.end();
    await silent.rest();
    const records = await Promise.all([bridge.record(1), bridge.record(2)]);
    t.match(records, [
      { preconnect: true, bytesUp: 5, bytesDown: 5, error: null },
      { preconnect: true, bytesUp: 0, bytesDown: 0, error: null, closeReason: 'client_closed' },
    ]);
  },
);
