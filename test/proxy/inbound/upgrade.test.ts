import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

const ask = (port: number, more = '', scheme = 'http'): string =>
  `GET ${scheme}://127.0.0.1:${port}/chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n${more}\r\n`;

void t.test('an origin that declines is heard, and the connection goes on', async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    if (request.headers.upgrade === undefined) response.end(`[${request.url}]`);
    else response.writeHead(426, { 'X-Why': 'no' }).end('no upgrade');
  });
  const { httpPort, record } = await startBridge(t);
  const client = await rawClient(httpPort, ask(origin.port));
  const text = await client.until(/no upgrade/u);
  t.match(text, /^HTTP\/1\.1 426 Upgrade Required\r\n[^]*X-Why: no/u);
  t.match(await record(), { status: 426, error: null, bytesDown: 10 });
  client.socket.write(`GET http://127.0.0.1:${origin.port}/next HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until(/\[\/next\]/u);
  client.socket.destroy();
});

void t.test('a declining answer without a length ends, and the connection goes on', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nplain'));
  });
  const { httpPort, record } = await startBridge(t);
  const client = await rawClient(httpPort, ask(origin.port));
  await client.until(/plain\r\n0\r\n\r\n$/u);
  t.match(await record(), { status: 200, error: null });
  client.socket.write(ask(origin.port));
  await client.until(/plain[^]*plain\r\n0\r\n\r\n$/u);
  client.socket.destroy();
});

void t.test('a client that leaves during a declining answer leaves nothing open', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nfirst'));
  });
  const { httpPort, bridge, record } = await startBridge(t);
  for (const [at, how] of (['destroy', 'resetAndDestroy'] as const).entries()) {
    const client = await rawClient(httpPort, ask(origin.port));
    await client.until(/first/u);
    client.socket[how]();
    t.match(await record(at), { status: 200, error: 'client_gone' }, how);
    await waitFor(() => origin.open.size === 0);
  }
  t.equal(await bridge.drain(AbortSignal.timeout(10_000)), 0);
});

void t.test(
  'an upgrade with a body: the body goes first, then both sides are a tunnel',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (!text.endsWith('"Tty":true}')) return;
        t.match(
          text,
          /^POST \/exec\/1\/start HTTP\/1\.1\r\n[^]*Connection: Upgrade\r\nUpgrade: tcp\r\n/u,
        );
        socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n$ ');
        socket.pipe(socket);
      });
    });
    const { httpPort, record } = await startBridge(t);
    const body = '{"Detach":false,"Tty":true}';
    const client = await rawClient(
      httpPort,
      `POST http://127.0.0.1:${origin.port}/exec/1/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    client.socket.write(body);
    t.match(await client.until(/\$ $/u), /^HTTP\/1\.1 101 UPGRADED\r\n/u);
    client.socket.write('ls\n');
    await client.until(/\$ ls\n$/u);
    client.socket.end();
    t.match(await record(), { status: 101, method: 'POST' });
  },
);

void t.test('a 101 that nobody asked for is 502', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'),
    );
  });
  const { httpPort, record } = await startBridge(t);
  const client = await rawClient(
    httpPort,
    `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n`,
  );
  await client.until(/^HTTP\/1\.1 502 /u);
  t.match(await record(), { error: 'http_protocol_error' });
  client.socket.destroy();
});

void t.test('an upgrade to a denied target is 403', async (t) => {
  const { httpPort, record } = await startBridge(t, {
    deny: 'denied.example',
    names: { 'denied.example': ['203.0.113.1'] },
  });
  const denied = await rawClient(
    httpPort,
    'GET ws://denied.example/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  await denied.until(/^HTTP\/1\.1 403 [^]*error=http_request_denied/u);
  t.match(await record(), { status: 403, policy: { decision: 'deny' } });
  denied.socket.destroy();
});
