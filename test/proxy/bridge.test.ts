import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { SpacetailError } from '../../src/errors.ts';
import { defaultConnectionLimit } from '../../src/proxy/inbound/connection-limit.ts';
import { rawClient, startBridge } from '../support/bridge.ts';
import { fakePeer, fakeTailnet } from '../support/fake-tailnet.ts';
import { fakeSocks } from '../support/fake-socks.ts';
import { httpOrigin, tcpOrigin } from '../support/origins.ts';
import { silentListener } from '../support/silent-listener.ts';
import { waitFor } from '../support/wait-for.ts';

const connectTo = (target: string, more = ''): string =>
  `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

void t.test(
  'a busy port is named, with the variable that moves it, and nothing stays bound',
  async (t) => {
    const origin = await tcpOrigin(t, () => {});
    const port = origin.port;
    const failed = startBridge(t, {
      http: { host: '127.0.0.1', port: 0 },
      socks: { host: '127.0.0.1', port },
    });
    const error: unknown = await failed.catch((reason: unknown) => reason);
    t.ok(error instanceof SpacetailError);
    t.match(error, {
      code: 'listen_failed',
      message: `cannot listen on 127.0.0.1:${port}: another process listens there`,
    });
    t.match((error as SpacetailError).hint, 'SPACETAIL_SOCKS5_LISTEN');
  },
);

void t.test('a request to our own listeners is a loop, by whatever address', async (t) => {
  const { httpPort, socksPort, records, record } = await startBridge(t, { allowLocal: '' });
  for (const target of [
    `127.0.0.1:${httpPort}`,
    `127.1.2.3:${socksPort}`,
    `0.0.0.0:${httpPort}`,
    `[::1]:${httpPort}`,
    `[::ffff:127.0.0.1]:${httpPort}`,
    `0x7f.1:${httpPort}`,
  ]) {
    const client = await rawClient(httpPort, connectTo(target));
    t.match(await client.rest(), /^HTTP\/1\.1 502 [^]*error=proxy_loop_detected/u, target);
  }
  const forward = await rawClient(
    httpPort,
    `GET http://127.0.0.1:${httpPort}/ HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  t.match(await forward.until(/\r\n\r\n/u), /error=proxy_loop_detected/u);
  forward.socket.destroy();
  t.match(await record(6), { status: 502, error: 'proxy_loop_detected' });
  t.equal(records.length, 7);
});

void t.test(
  'special addresses are denied by the address they mean, and the answer says what to set',
  async (t) => {
    const { httpPort, records } = await startBridge(t, {
      allowLocal: '',
      names: { 'rebind.example': ['127.0.0.1'] },
    });
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '127.1',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
      'rebind.example',
      '[::1]',
      '169.254.1.1',
      '100.100.100.100',
    ];
    for (const host of hosts) {
      const client = await rawClient(httpPort, connectTo(`${host}:80`));
      t.match(
        await client.rest(),
        /^HTTP\/1\.1 403 [^]*error=destination_ip_prohibited[^]*SPACETAIL_ALLOW_LOCAL/u,
        host,
      );
    }
    await waitFor(() => records.length === hosts.length);
    t.ok(records.every(({ policy }) => policy.decision === 'deny'));
  },
);

void t.test('of several addresses only those that may be dialled are', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.end('right'));
  const { httpPort, record } = await startBridge(t, {
    allowLocal: '127.0.0.1',
    names: { 'two.example': ['127.0.0.9', '127.0.0.1'] },
  });
  const client = await rawClient(httpPort, connectTo(`two.example:${origin.port}`));
  t.match(await client.rest(), /right$/u);
  client.socket.end();
  t.match(await record(), { ip: '127.0.0.1', route: 'direct' });
});

void t.test(
  'Happy Eyeballs: an address that is silent or refuses gives way to the next',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.end('second'));
    await silentListener(t, '127.0.0.9', origin.port);
    const { httpPort, record } = await startBridge(t, {
      allowLocal: '127.0.0.0/8,[::1]',
      names: {
        'silent.example': ['127.0.0.9'],
        'one-silent.example': ['127.0.0.9', '127.0.0.1'],
        'one-refuses.example': ['::1', '127.0.0.1'],
      },
    });
    const alone = await rawClient(httpPort, connectTo(`silent.example:${origin.port}`));
    for (const [at, host] of ['one-silent.example', 'one-refuses.example'].entries()) {
      const client = await rawClient(httpPort, connectTo(`${host}:${origin.port}`));
      t.match(await client.rest(), /second$/u, host);
      client.socket.end();
      t.match(await record(at), { host, ip: '127.0.0.1', status: 200 });
    }
    t.match(await alone.rest(), /^HTTP\/1\.1 504 /u, 'the first is silent');
    t.match(await record(2), { host: 'silent.example', error: 'connection_timeout' });
  },
);

void t.test('without the token nobody passes, at no door', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => response.end('in'));
  const { httpPort, record } = await startBridge(t, { proxyToken: 'secret' });
  const basic = (password: string): string =>
    `Proxy-Authorization: Basic ${Buffer.from(`x:${password}`).toString('base64')}\r\n`;
  const get = (more: string): string =>
    `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
  for (const request of [
    get(''),
    get(basic('wrong')),
    get('Proxy-Authorization: Bearer secret\r\n'),
    get('Upgrade: websocket\r\nConnection: upgrade\r\n'),
    connectTo('127.0.0.1:1'),
    connectTo('127.0.0.1:1', basic('wrong')),
  ]) {
    const client = await rawClient(httpPort, request);
    const text = await client.until(/\r\n\r\n[^]*\n$/u);
    t.match(text, /^HTTP\/1\.1 407 [^]*Proxy-Authenticate: Basic realm="spacetail"\r\n/u);
    t.notMatch(text, 'secret');
    client.socket.destroy();
  }
  t.match(await record(), { status: 407, error: 'http_request_denied', route: 'deny' });
  const right = await rawClient(httpPort, get(basic('secret')));
  t.match(await right.until(/in$/u), /200 OK/u);
  right.socket.destroy();
});

void t.test(
  'heads beyond the limit are 431, slow ones 408, both closed and logged; silence is not logged',
  async (t) => {
    const { httpPort, record, records } = await startBridge(t, { headerTimeoutMs: 400 });
    const fits = await rawClient(
      httpPort,
      `GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(60_000)}\r\n\r\n`,
    );
    t.match(await fits.until(/\r\n\r\n/u), /^HTTP\/1\.1 502 /u);
    fits.socket.destroy();
    for (const request of [
      `GET http://127.0.0.1:1/ HTTP/1.1\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`,
      `GET http://127.0.0.1:1/${'a'.repeat(70_000)} HTTP/1.1\r\n\r\n`,
      connectTo('127.0.0.1:1', `X: ${'a'.repeat(70_000)}\r\n`),
    ]) {
      const client = await rawClient(httpPort, request);
      t.match(
        await client.rest(),
        /^HTTP\/1\.1 431 [^]*Proxy-Status: spacetail; error=http_request_error/u,
      );
    }
    const silent = await rawClient(httpPort);
    const slow = await rawClient(httpPort, 'GET http://127.0.0.1:1/ HTT');
    t.match(await slow.rest(), /^HTTP\/1\.1 408 /u);
    t.equal(await silent.rest(), '');
    await record(4);
    t.strictSame(
      records.map(({ status }) => status),
      [502, 431, 431, 431, 408],
    );
  },
);

void t.test('thousands of fields arrive', async (t) => {
  const origin = await httpOrigin(t, (request, response) =>
    response.end(`[${request.rawHeaders.filter((name) => name === 'x').length}]`),
  );
  origin.server.maxHeadersCount = 0;
  const { httpPort } = await startBridge(t);
  const client = await rawClient(
    httpPort,
    `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n${'x: 1\r\n'.repeat(2500)}\r\n`,
  );
  await client.until(/\[2500\]/u);
  client.socket.destroy();
});

void t.test(
  'more connections than the limit are refused with 503, and the bridge recovers',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
    const { httpPort, socksPort, record } = await startBridge(t, { maxConnections: 3 });
    const clients = await Promise.all(
      [1, 2, 3].map(() => rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`))),
    );
    for (const client of clients) await client.until(/200/u);
    const fourth = await rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`));
    t.match(await fourth.rest(), /^HTTP\/1\.1 503 [^]*error=connection_limit_reached/u);
    const socks = await rawClient(socksPort, Buffer.from([5, 1, 0]));
    t.equal(Buffer.from(await socks.rest(), 'latin1').toString('hex'), '05ff');
    t.match(await record(), { status: 503, error: 'connection_limit_reached' });
    for (const { socket } of [...clients, fourth, socks]) socket.destroy();
    // The bridge may see the origin's end before the client's.
    await waitFor(async () => {
      const again = await rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`));
      const answer = await again.until(/^HTTP\/1\.1 \d+/u);
      again.socket.destroy();
      return answer.includes(' 200 ');
    });
  },
);

void t.test('the limit follows from how many files may be open', async (t) => {
  t.equal(
    defaultConnectionLimit(
      'Max open files            256                  4096                 files',
    ),
    80,
  );
  t.equal(
    defaultConnectionLimit(
      'Max open files            20                   4096                 files',
    ),
    16,
  );
  t.equal(defaultConnectionLimit(''), 20_000);
});

void t.test(
  'requests wait for the tailnet, except those that SPACETAIL_DIRECT names',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.end('hello'));
    const tailnet = fakeTailnet(await fakeSocks(t));
    tailnet.current = { kind: 'starting', detail: 'NeedsLogin' };
    const { httpPort } = await startBridge(t, {
      tailnet,
      readyTimeoutMs: 5000,
      isDirect: (host) => host === '127.0.0.1',
    });
    const waiting = await rawClient(httpPort, connectTo(`web:${origin.port}`));
    const direct = await rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`));
    t.match(await direct.rest(), /hello$/u);
    direct.socket.end();
    t.equal(waiting.text(), '');
    tailnet.becomeReady({ kind: 'running' });
    t.match(await waiting.rest(), /hello$/u);
    waiting.socket.end();
  },
);

void t.test('a tailnet that does not come is 503 at the end of the wait', async (t) => {
  const tailnet = fakeTailnet(undefined);
  tailnet.current = { kind: 'starting', detail: 'waiting for the control server' };
  const { httpPort } = await startBridge(t, { tailnet, readyTimeoutMs: 100 });
  const client = await rawClient(httpPort, connectTo('web:80'));
  t.match(
    await client.rest(),
    /^HTTP\/1\.1 503 [^]*error=destination_unavailable[^]*waiting for the control server/u,
  );
});

void t.test('a join that failed never leads a short name to its public namesake', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.end('namesake'));
  const tailnet = fakeTailnet(undefined);
  tailnet.joined = false;
  tailnet.current = { kind: 'down', detail: 'login failed' };
  const { httpPort } = await startBridge(t, {
    tailnet,
    names: { web: ['127.0.0.1'], 'own.example': ['127.0.0.1'] },
    isDirect: (host) => host === 'own.example',
  });
  const client = await rawClient(httpPort, connectTo(`web:${origin.port}`));
  t.match(
    await client.rest(),
    /^HTTP\/1\.1 503 [^]*error=destination_unavailable[^]*login failed/u,
  );
  t.equal(origin.accepted.count, 0);
  const direct = await rawClient(httpPort, connectTo(`own.example:${origin.port}`));
  t.match(await direct.rest(), /namesake$/u, 'SPACETAIL_DIRECT names go on');
  direct.socket.end();
});

void t.test(
  'with tailscaled down public requests go on, those for the tailnet are 503 and go nowhere else',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.end('public'));
    const tailnet = fakeTailnet(undefined);
    tailnet.current = { kind: 'down', detail: 'tailscaled ended' };
    const { httpPort } = await startBridge(t, { tailnet, names: { 'a.example': ['127.0.0.1'] } });
    const open = await rawClient(httpPort, connectTo(`a.example:${origin.port}`));
    t.match(await open.rest(), /public$/u);
    open.socket.end();
    for (const host of [
      'web',
      '100.64.0.7',
      '100.99.9.9',
      'gone.tail1.ts.net',
      '[fd7a:115c:a1e0::99]',
    ]) {
      const client = await rawClient(httpPort, connectTo(`${host}:${origin.port}`));
      t.match(
        await client.rest(),
        /^HTTP\/1\.1 50[23] [^]*error=(?:destination_unavailable|dns_error)/u,
        host,
      );
    }
    t.equal(origin.accepted.count, 1);
  },
);

void t.test(
  'with an exit node public requests go through it or not at all, except SPACETAIL_DIRECT',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.end('hello'));
    const socks = await fakeSocks(t);
    const tailnet = fakeTailnet(socks);
    tailnet.exit = fakePeer({ name: 'exit.tail1.ts.net' });
    const names: Record<string, [string]> = { 'a.example': ['203.0.113.7'] };
    const { httpPort, record } = await startBridge(t, {
      tailnet,
      names,
      isDirect: (host) => host === '127.0.0.1',
    });
    const through = await rawClient(httpPort, connectTo(`a.example:${origin.port}`));
    t.match(await through.rest(), /hello$/u);
    through.socket.end();
    t.equal(socks.asked[0]?.dstAddr, '203.0.113.7');
    t.match(await record(), { route: 'exit', peer: null });
    tailnet.current = { kind: 'down', detail: 'tailscaled ended' };
    const closed = await rawClient(httpPort, connectTo(`a.example:${origin.port}`));
    t.match(await closed.rest(), /^HTTP\/1\.1 503 /u);
    const direct = await rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`));
    t.match(await direct.rest(), /hello$/u);
    direct.socket.end();
  },
);

void t.test(
  'a peer that dialled in is closed without an answer, at every door, and logged',
  async (t) => {
    const tailnet = fakeTailnet(undefined);
    tailnet.inbound = 'laptop.tail1.ts.net';
    const { httpPort, socksPort, records } = await startBridge(t, { tailnet, guardInbound: true });
    const requests = [
      connectTo('a.example:80'),
      'GET http://a.example/ HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
      'GET http://a.example/ HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    ];
    for (const request of requests) {
      const client = await rawClient(httpPort, request);
      t.equal(await client.rest(), '', request);
    }
    const socks = await rawClient(socksPort, Buffer.from([5, 1, 0]));
    t.equal(await socks.rest(), '');
    await waitFor(() => records.length === 5);
    t.ok(records.every(({ error }) => error === 'peer_inbound_denied'));
    t.match(records[0]?.detail, 'laptop.tail1.ts.net');
    tailnet.inbound = undefined;
    const own = await rawClient(httpPort, 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await own.until(/page/u);
    own.socket.destroy();
  },
);

void t.test(
  'a drain lets requests end, cuts the rest at the deadline, and all are logged',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString() === 'done') socket.end('bye');
      });
    });
    const slow = await httpOrigin(t, () => {});
    const { httpPort, bridge, records } = await startBridge(t);
    const ending = await rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`));
    const staying = await rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`));
    const forward = await rawClient(
      httpPort,
      `GET http://127.0.0.1:${slow.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    const idle = await rawClient(httpPort);
    await ending.until(/200/u);
    await staying.until(/200/u);
    await waitFor(() => slow.open.size === 1);
    t.equal(bridge.counters().openTunnels, 2);
    const deadline = new AbortController();
    const drained = bridge.drain(deadline.signal);
    ending.socket.end('done');
    t.match(await ending.rest(), /bye$/u);
    await waitFor(() => records.length === 1);
    deadline.abort();
    t.equal(await drained, 2);
    const late = connect({ host: '127.0.0.1', port: httpPort });
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    t.equal(error.code, 'ECONNREFUSED');
    await Promise.all([staying.rest(), forward.rest(), idle.rest()]);
    t.equal(records.length, 3);
    t.strictSame(
      records
        .slice(1)
        .map(({ closeReason }) => closeReason)
        .sort(),
      ['drained', 'drained'],
    );
    t.equal(bridge.counters().openTunnels, 0);
  },
);

void t.test(
  'an apply that is interrupted can write its state while the bridge drains',
  async (t) => {
    const api = await tcpOrigin(t, (socket) => {
      socket.on('data', () => socket.end('created'));
    });
    const state = await tcpOrigin(t, (socket) => {
      socket.on('data', () => socket.end('written'));
    });
    const { httpPort, bridge, record } = await startBridge(t);
    const creating = await rawClient(httpPort, connectTo(`127.0.0.1:${api.port}`));
    await creating.until(/200/u);
    const drained = bridge.drain(AbortSignal.timeout(10_000));
    creating.socket.end('create');
    t.match(await creating.rest(), /created$/u);
    await record(0);
    // Nothing is under way now, but the client has one more thing to do.
    const writing = await rawClient(httpPort, connectTo(`127.0.0.1:${state.port}`));
    await writing.until(/200/u);
    writing.socket.end('write');
    t.match(await writing.rest(), /written$/u);
    t.equal(await drained, 0, 'nothing was cut');
  },
);

void t.test('requests are counted from their begin, and while they are under way', async (t) => {
  const { httpPort, bridge, record } = await startBridge(t, { deny: '203.0.113.1' });
  for (const target of ['203.0.113.1:80', 'nosuch.example:80', '127.0.0.1:1']) {
    await (await rawClient(httpPort, connectTo(target))).rest();
  }
  await record(2);
  t.strictSame(bridge.counters(), { requests: 3, underWay: 0, openTunnels: 0 });
});
