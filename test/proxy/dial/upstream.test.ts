import * as fc from 'fast-check';
import t from 'tap';
import { readConnectResponse } from '../../../src/proxy/dial/http-connect.ts';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';
import type { Teardown } from '../../support/teardown.ts';

/** A proxy that answers every CONNECT so, and then echoes. */
async function proxyThat(t: Teardown, answer: string) {
  const asked: string[] = [];
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', (chunk: Buffer) => {
      asked.push(chunk.toString('latin1'));
      socket.write(answer);
      socket.pipe(socket);
    });
  });
  return { ...origin, asked };
}

const connectTo = (target: string): string => `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;

void t.test(
  'direct dials go through the upstream proxy, by name, with its credentials',
  async (t) => {
    const proxy = await proxyThat(t, 'HTTP/1.1 200 OK\r\nVia: 1.1 p\r\n\r\nbanner');
    const { httpPort, record } = await startBridge(t, {
      names: { 'a.example': ['203.0.113.1'], 'proxy.example': ['127.0.0.1'] },
      upstreamProxy: {
        scheme: 'http',
        host: 'proxy.example',
        port: proxy.port,
        login: { user: 'x', password: 'y' },
      },
    });
    const client = await rawClient(httpPort, connectTo('a.example:443'));
    await client.until(/banner$/u);
    client.socket.write('hello');
    await client.until(/bannerhello$/u);
    client.socket.end();
    t.equal(
      proxy.asked[0],
      'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic eDp5\r\n\r\n',
    );
    t.match(await record(), { route: 'direct', ip: '203.0.113.1', status: 200 });
  },
);

void t.test(
  'a public name that only the upstream proxy can resolve is left to it; a name of the tailnet never is',
  async (t) => {
    const proxy = await proxyThat(t, 'HTTP/1.1 200 OK\r\n\r\n');
    const { httpPort, record } = await startBridge(t, {
      tailnet: fakeTailnet(undefined),
      upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: proxy.port },
      deny: 'denied.example',
    });
    const client = await rawClient(httpPort, connectTo('only-there.example:443'));
    await client.until(/200/u);
    client.socket.end();
    t.match(await record(), { ip: null, route: 'direct', status: 200 });
    for (const [host, status] of [
      ['gone.tail1.ts.net', 502],
      ['100.64.0.7', 503],
      ['denied.example', 403],
    ] as const) {
      const other = await rawClient(httpPort, connectTo(`${host}:443`));
      t.match(await other.rest(), new RegExp(`^HTTP/1\\.1 ${status} `, 'u'), host);
    }
    t.equal(proxy.accepted.count, 1);
  },
);

void t.test(
  'what the container reaches by itself does not go through the upstream proxy',
  async (t) => {
    const proxy = await proxyThat(t, 'HTTP/1.1 200 OK\r\n\r\n');
    const origin = await tcpOrigin(t, (socket) => socket.end('direct'));
    const { httpPort } = await startBridge(t, {
      upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: proxy.port },
    });
    const client = await rawClient(httpPort, connectTo(`127.0.0.1:${origin.port}`));
    t.match(await client.rest(), /direct$/u);
    client.socket.end();
    t.equal(proxy.accepted.count, 0);
  },
);

void t.test('a proxy that refuses, is none or is away is named', async (t) => {
  const names: Record<string, [string]> = { 'a.example': ['203.0.113.1'] };
  for (const [answer, detail] of [
    ['HTTP/1.1 403 Forbidden\r\n\r\n', 'answered 403'],
    ['SSH-2.0\r\n\r\n', 'cannot be understood: it does not answer in HTTP'],
  ] as const) {
    const proxy = await proxyThat(t, answer);
    const { httpPort } = await startBridge(t, {
      names,
      upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: proxy.port },
    });
    const client = await rawClient(httpPort, connectTo('a.example:443'));
    t.match(
      await client.rest(),
      new RegExp(
        `^HTTP/1\\.1 502 [^]*the upstream proxy 127\\.0\\.0\\.1:${proxy.port} ${detail}[^]*SPACETAIL_UPSTREAM_PROXY`,
        'u',
      ),
    );
  }
  const { httpPort } = await startBridge(t, {
    names,
    upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: 1 },
  });
  const client = await rawClient(httpPort, connectTo('a.example:443'));
  t.match(await client.rest(), /^HTTP\/1\.1 502 [^]*the upstream proxy 127\.0\.0\.1:1 refused/u);
});

void t.test('any bytes are an answer or too few', async (t) => {
  const bytes = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ maxLength: 40 }).map((rest) => `HTTP/1.1 ${rest}\r\n\r\nmore`),
  );
  fc.assert(
    fc.property(bytes, (text) => {
      const parsed = readConnectResponse(Buffer.from(text, 'latin1'));
      return (
        parsed.kind !== 'read' ||
        (parsed.used <= text.length && parsed.value >= 100 && parsed.value < 600)
      );
    }),
    { seed: 20_261_124, numRuns: 10_000 },
  );
  t.pass('10,000 answers');
});
