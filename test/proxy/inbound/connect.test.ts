import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeSocks, rawSocks } from '../../support/fake-socks.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

void t.test(
  'a CONNECT by short name reaches the node through the SOCKS port by its address',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
    const socks = await fakeSocks(t);
    const { httpPort, record } = await startBridge(t, { tailnet: fakeTailnet(socks) });
    const client = await rawClient(httpPort, `CONNECT web:${origin.port} HTTP/1.1\r\n\r\nglued`);
    await client.until(/200 Connection established\r\n\r\nglued$/u);
    client.socket.write(' and more');
    await client.until(/glued and more$/u);
    client.socket.end();

    t.strictSame(socks.asked[0]?.dstAddr, '100.64.0.7');
    const line = await record();
    t.match(line, {
      proto: 'connect',
      method: 'CONNECT',
      host: 'web',
      port: origin.port,
      ip: '100.64.0.7',
      route: 'tailnet',
      peer: 'web.tail1.ts.net',
      nameSource: 'status',
      status: 200,
      error: null,
      bytesUp: 14,
      bytesDown: 14,
      closeReason: 'client_closed',
    });
  },
);

void t.test('a public name is dialled directly', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.end('hello'));
  const { httpPort, record } = await startBridge(t, { names: { 'a.example': ['127.0.0.1'] } });
  const client = await rawClient(httpPort, `CONNECT a.example:${origin.port} HTTP/1.1\r\n\r\n`);
  t.match(await client.rest(), /hello$/u);
  client.socket.end();
  t.match(await record(), {
    route: 'direct',
    nameSource: 'dns',
    ip: '127.0.0.1',
    closeReason: 'origin_closed',
  });
});

void t.test('RFC 9112 3.2.3: an IPv6 authority is dialled', async (t) => {
  const { httpPort, record } = await startBridge(t, { allowLocal: '[::1]' });
  const client = await rawClient(httpPort, 'CONNECT [::1]:1 HTTP/1.1\r\n\r\n');
  t.match(await client.rest(), /^HTTP\/1\.1 502 /u);
  t.match(await record(), { ip: '::1', port: 1 });
});

void t.test('a client that goes away during the look-up ends the look-up', async (t) => {
  const asked = Promise.withResolvers<AbortSignal>();
  const { httpPort, record } = await startBridge(t, {
    resolver: {
      known: () => undefined,
      async resolve(host, signal) {
        asked.resolve(signal);
        await once(signal, 'abort');
        throw new Error(`${host}: aborted`);
      },
      searched: () => Promise.resolve(undefined),
    },
  });
  const client = await rawClient(httpPort, 'CONNECT slow.example:80 HTTP/1.1\r\n\r\n');
  t.notOk((await asked.promise).aborted);
  client.socket.resetAndDestroy();
  t.match(await record(), { status: 499, closeReason: 'client_closed', error: 'client_gone' });
});

void t.test('a client that goes away during the dial ends the dial', async (t) => {
  const asked = Promise.withResolvers<Socket>();
  // A tailscaled that has taken the request (the greeting alone has 3 bytes) and does not answer yet.
  const socks = await rawSocks(t, (socket, bytes) => {
    if (bytes.length > 3) asked.resolve(socket);
    return undefined;
  });
  const { httpPort, record } = await startBridge(t, {
    tailnet: fakeTailnet(socks),
    connectTimeoutMs: 60_000,
  });
  const client = await rawClient(httpPort, 'CONNECT web:80 HTTP/1.1\r\n\r\n');
  const dialled = await asked.promise;
  t.notOk(dialled.readableEnded);
  client.socket.resetAndDestroy();
  t.match(await record(), {
    status: 499,
    closeReason: 'client_closed',
    error: 'client_gone',
    route: 'tailnet',
  });
  await waitFor(() => dialled.readableEnded || dialled.destroyed, { what: 'the end of the dial' });
});
