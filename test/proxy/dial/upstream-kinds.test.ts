/** The kinds of upstream proxy, what they are asked, and what never goes to one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import t from 'tap';
import { dial } from '../../../src/proxy/dial/dial.ts';
import type { DialContext, UpstreamProxy } from '../../../src/proxy/dial/dial-context.ts';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeResolver } from '../../support/fake-resolver.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { planFor } from '../../support/plan.ts';
import { makeCertificate } from '../../tailnet/servers/certificate.ts';
import type { Certificate } from '../../tailnet/servers/certificate.ts';
import type { Teardown } from '../../support/teardown.ts';

const NEVER = new AbortController().signal;
const LOGIN = { user: String.raw`CORP\ann`, password: '50%off' };
const connectTo = (target: string): string => `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;

/** A SOCKS5 server with user and password that says whom it was asked for, and then echoes. */
async function socksWithLogin(t: Teardown) {
  const heard: string[] = [];
  const origin = await tcpOrigin(t, (socket) => {
    const steps = [
      Buffer.from([5, 2]),
      Buffer.from([1, 0]),
      Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ];
    socket.on('data', (chunk: Buffer) => {
      const step = steps.shift();
      if (step !== undefined) heard.push(chunk.toString('latin1'));
      socket.write(step ?? chunk);
    });
  });
  return { ...origin, heard };
}

for (const scheme of ['socks5', 'socks5h'] as const) {
  void t.test(`${scheme}: user and password, and the name resolved where it says`, async (t) => {
    const proxy = await socksWithLogin(t);
    const upstreamProxy: UpstreamProxy = {
      scheme,
      host: '127.0.0.1',
      port: proxy.port,
      login: LOGIN,
    };
    const names: Record<string, [string]> = { 'a.example': ['203.0.113.1'] };
    const { httpPort, record } = await startBridge(t, { names, upstreamProxy });
    const client = await rawClient(httpPort, connectTo('a.example:443'));
    await client.until(/^HTTP\/1\.1 200 [^]*\r\n\r\n/u);
    client.socket.write('hello');
    await client.until(/hello$/u);
    t.equal(proxy.heard[1], `\u0001\u0008CORP\\ann\u000650%off`);
    const asked = scheme === 'socks5' ? '\u0001\u00CB\0q\u0001' : '\u0003\u0009a.example';
    t.equal(proxy.heard[2], `\u0005\u0001\0${asked}\u0001\u00BB`);
    client.socket.destroy();
    t.match(await record(), { route: 'direct', status: 200 });
    const unknown = await rawClient(httpPort, connectTo('only-there.example:443'));
    await unknown.until(scheme === 'socks5' ? /^HTTP\/1\.1 502 / : /^HTTP\/1\.1 200 /u);
    unknown.socket.destroy();
  });
}

/** An HTTP proxy over TLS that answers every CONNECT with 200 and then echoes. */
async function httpsProxy(t: Teardown, { keyFile, certFile }: Certificate) {
  const asked: string[] = [];
  const tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  const sockets = new Set<Socket>();
  const server = createTlsServer(tls, (socket) => {
    sockets.add(socket);
    socket
      .on('error', () => {})
      .once('data', (chunk: Buffer) => {
        asked.push(chunk.toString('latin1'));
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(socket);
      });
  });
  server.on('tlsClientError', () => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { asked, port: (server.address() as AddressInfo).port };
}

void t.test(
  'https: the tunnel is asked for over TLS, of whom the CAs of the system know',
  async (t) => {
    const known = makeCertificate(join(t.testdir({ known: {} }), 'known'), ['proxy.example'], []);
    const other = makeCertificate(t.testdirName, ['proxy.example'], []);
    // Read once, when it is first needed.
    process.env['SSL_CERT_FILE'] = known.caFile;
    const names: Record<string, [string]> = {
      'a.example': ['203.0.113.1'],
      'proxy.example': ['127.0.0.1'],
      'alias.example': ['127.0.0.1'],
    };
    const trusted = await httpsProxy(t, known);
    const stranger = await httpsProxy(t, other);
    const through = async (host: string, port: number) => {
      const upstreamProxy = { scheme: 'https', host, port, login: LOGIN } as const;
      const { httpPort } = await startBridge(t, { names, upstreamProxy });
      return rawClient(httpPort, connectTo('a.example:443'));
    };
    const client = await through('proxy.example', trusted.port);
    await client.until(/^HTTP\/1\.1 200 [^]*\r\n\r\n/u);
    client.socket.write('hello');
    await client.until(/hello$/u);
    client.socket.destroy();
    t.match(trusted.asked, [
      /^CONNECT a\.example:443 HTTP\/1\.1\r\n[^]*Proxy-Authorization: Basic /u,
    ]);
    for (const [host, port] of [
      ['proxy.example', stranger.port],
      ['alias.example', trusted.port],
    ] as const) {
      const answer = await (await through(host, port)).rest();
      t.match(answer, /^HTTP\/1\.1 502 [^]*TLS to the upstream proxy \S+ failed: [A-Z_]+/u);
    }
    t.equal(trusted.asked.length + stranger.asked.length, 1, 'no password to whom is not known');
  },
);

void t.test('407 and 403 of it are told as its own, with the status that it gave', async (t) => {
  for (const status of [403, 407]) {
    const proxy = await tcpOrigin(t, (socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
    });
    const { httpPort } = await startBridge(t, {
      names: { 'a.example': ['203.0.113.1'] },
      upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: proxy.port },
    });
    const answer = await (await rawClient(httpPort, connectTo('a.example:443'))).rest();
    t.match(answer, /^HTTP\/1\.1 502 /u);
    t.match(
      answer,
      new RegExp(`Proxy-Status: spacetail; error=\\S+; received-status=${status};`, 'u'),
    );
    t.match(
      answer,
      new RegExp(`the upstream proxy \\S+ answered ${status} for a\\.example:443`, 'u'),
    );
  }
});

void t.test('what names a tailnet never goes to it, whatever spelling', async (t) => {
  const proxy = await tcpOrigin(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  const { httpPort } = await startBridge(t, {
    upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: proxy.port },
  });
  for (const host of [
    'partner!web',
    'vault.tail1.ts.net..',
    'VAULT.TAIL1.TS.NET.',
    'a..b.example',
  ]) {
    const answer = await (await rawClient(httpPort, connectTo(`${host}:443`))).rest();
    t.match(answer, /^HTTP\/1\.1 (?:400|502|503) /u, host);
  }
  t.equal(proxy.accepted.count, 0);
});

void t.test(
  'an address that the tailnet has, and the bridge itself, are no upstream proxy',
  async (t) => {
    const names: Record<string, [string]> = {
      'a.example': ['203.0.113.1'],
      'proxy.example': ['100.64.0.7'],
    };
    const owned = await startBridge(t, {
      names,
      upstreamProxy: { scheme: 'http', host: 'proxy.example', port: 3128, login: LOGIN },
    });
    const answer = await (await rawClient(owned.httpPort, connectTo('a.example:443'))).rest();
    t.match(answer, /^HTTP\/1\.1 502 [^]*has an address of the tailnet/u);
    const upstreamProxy = { scheme: 'http', host: '127.0.0.1', port: 0 } as const;
    const itself = await startBridge(t, { names, upstreamProxy });
    Object.assign(upstreamProxy, { port: itself.httpPort });
    const looped = await (await rawClient(itself.httpPort, connectTo('a.example:443'))).rest();
    t.match(looped, /^HTTP\/1\.1 502 [^]*error=proxy_loop_detected[^]*is this bridge itself/u);
    t.equal(itself.bridge.counters().requests, 1);
  },
);

void t.test('plain requests are not asked a tunnel for: they go in absolute form', async (t) => {
  const heard: string[] = [];
  const proxy = await tcpOrigin(t, (socket) => {
    socket.once('data', (chunk: Buffer) => heard.push(chunk.toString('latin1')));
  });
  const tailnet = fakeTailnet(undefined);
  const context: DialContext = {
    tailnet,
    connectTimeoutMs: 3000,
    resolver: fakeResolver(tailnet),
    upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: proxy.port, login: LOGIN },
    hostRoute: () => 'direct',
  };
  const plan = planFor({ host: 'a.example', via: 'direct', ip: '203.0.113.1', hop: undefined });
  const options = { isFixed: false, signal: NEVER, requests: true };
  const dialled = await dial(plan, options, context);
  const authorization = `Basic ${Buffer.from('CORP\\ann:50%off').toString('base64')}`;
  t.match(dialled, { kind: 'connected', absoluteForm: { authorization } });
  if (dialled.kind === 'connected') dialled.connection.socket.destroy();
  t.strictSame(heard, []);
});

void t.test('a stranger is not the proxy: no answer in SOCKS is told', async (t) => {
  const proxy = await tcpOrigin(t, (socket: Socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'));
  connect(proxy.port, '127.0.0.1')
    .on('error', () => {})
    .destroy();
  const { httpPort } = await startBridge(t, {
    names: { 'a.example': ['203.0.113.1'] },
    upstreamProxy: { scheme: 'socks5h', host: '127.0.0.1', port: proxy.port },
  });
  const answer = await (await rawClient(httpPort, connectTo('a.example:443'))).rest();
  t.match(answer, /^HTTP\/1\.1 502 [^]*cannot be understood: its first byte is not 5/u);
});
