import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

const ask = (port: number, more = '', scheme = 'http'): string =>
  `GET ${scheme}://127.0.0.1:${port}/chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n${more}\r\n`;

void t.test(
  'RFC 9110 7.8: after a 101 both sides are a tunnel, first bytes included',
  async (t) => {
    const seen = Promise.withResolvers<string[]>();
    const server = createServer().on('upgrade', (request, socket, head: Buffer) => {
      seen.resolve(request.rawHeaders);
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello',
      );
      if (head.length > 0) socket.write(head);
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { httpPort, record } = await startBridge(t);
    const client = await rawClient(httpPort, `${ask(port, 'X-Hop: 1\r\n', 'ws')}frame`);
    const text = await client.until(/helloframe$/u);
    t.match(
      text,
      /^HTTP\/1\.1 101 Switching Protocols\r\n[^]*Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello/u,
    );
    t.match(text, /X-A: 1\r\nX-A: 2/u);
    const raw = await seen.promise;
    t.match(raw.join('\n').toLowerCase(), `host\n127.0.0.1:${port}`);
    t.match(raw.join('\n'), /Upgrade\nwebsocket/u);
    client.socket.write(' and more');
    await client.until(/ and more$/u);
    client.socket.end();
    await client.rest();
    t.match(await record(), {
      proto: 'http',
      method: 'GET',
      status: 101,
      closeReason: 'client_closed',
      bytesUp: 14,
      bytesDown: 19,
    });
  },
);

void t.test('an origin that declines is heard, and the connection ends', async (t) => {
  const origin = await httpOrigin(t, (_request, response) =>
    response.writeHead(426, { 'X-Why': 'no' }).end('no upgrade'),
  );
  const { httpPort, record } = await startBridge(t);
  const client = await rawClient(httpPort, ask(origin.port));
  t.match(await client.rest(), /^HTTP\/1\.1 426 Upgrade Required\r\n[^]*X-Why: no[^]*no upgrade$/u);
  t.match(await record(), { status: 426, error: null, bytesDown: 10 });
  await waitFor(() => origin.open.size === 0);
});

void t.test('a declining answer that is cut does not look complete', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 400 No\r\nContent-Length: 100\r\n\r\nhalf'));
  });
  const { httpPort, record } = await startBridge(t);
  const client = await rawClient(httpPort, ask(origin.port));
  const [error] = (await once(client.socket, 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ECONNRESET');
  t.match(await record(), { status: 400, error: 'http_response_incomplete' });
});

void t.test('h2c is not asked for, and the request is forwarded without the wish', async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => response.end(`[${request.headers.upgrade ?? 'none'} ${body}]`));
  });
  const { httpPort } = await startBridge(t);
  const client = await rawClient(
    httpPort,
    `POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 4\r\n\r\nbody`,
  );
  await client.until(/\[none body\]/u);
  client.socket.destroy();
});

void t.test('nobody there, a denied target and a malformed one are answered as ever', async (t) => {
  const { httpPort, records, record } = await startBridge(t, {
    deny: 'denied.example',
    names: { 'denied.example': ['203.0.113.1'] },
  });
  const nobody = await rawClient(httpPort, ask(1));
  t.match(await nobody.rest(), /^HTTP\/1\.1 502 [^]*error=connection_refused/u);
  const denied = await rawClient(httpPort, ask(80).replace('127.0.0.1', 'denied.example'));
  t.match(await denied.rest(), /^HTTP\/1\.1 403 [^]*error=http_request_denied/u);
  const malformed = await rawClient(httpPort, ask(99_999));
  t.match(await malformed.rest(), /^HTTP\/1\.1 400 /u);
  await record(2);
  t.strictSame(
    records.map(({ status }) => status),
    [502, 403, 400],
  );
});

void t.test('a client or an origin that goes away leaves nothing open', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', (chunk: Buffer) => {
      if (chunk.includes('die')) socket.destroy();
    });
  });
  const { httpPort, record } = await startBridge(t);
  const gone = await rawClient(httpPort, ask(origin.port));
  await waitFor(() => origin.open.size === 1);
  gone.socket.resetAndDestroy();
  await waitFor(() => origin.open.size === 0);
  const ended = await rawClient(httpPort, ask(origin.port));
  await waitFor(() => origin.open.size === 1);
  ended.socket.destroy();
  await waitFor(() => origin.open.size === 0);
  t.match(await record(1), { status: 499 });
  const left = await rawClient(httpPort, ask(origin.port, 'X-Now: die\r\n'));
  t.match(await left.rest(), /^HTTP\/1\.1 502 /u);
});
