import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { rawSocks } from '../../support/fake-socks.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

void t.test(
  'RFC 9110 9.3.6: what is no authority, or says it has content, is refused',
  async (t) => {
    const origin = await tcpOrigin(t, () => {});
    const at = `127.0.0.1:${origin.port}`;
    const requests = [
      'CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n',
      'CONNECT 127.0.0.1: HTTP/1.1\r\n\r\n',
      'CONNECT 127.0.0.1:0 HTTP/1.1\r\n\r\n',
      'CONNECT 127.0.0.1:65536 HTTP/1.1\r\n\r\n',
      'CONNECT 127.0.0.1:99999999999 HTTP/1.1\r\n\r\n',
      `CONNECT user@${at} HTTP/1.1\r\n\r\n`,
      `CONNECT http://${at} HTTP/1.1\r\n\r\n`,
      `CONNECT /${at} HTTP/1.1\r\n\r\n`,
      'CONNECT ::1:80 HTTP/1.1\r\n\r\n',
      `CONNECT ${at} HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello`,
      `CONNECT ${at} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `CONNECT ${at} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
      `CONNECT ${at} HTTP/1.1\r\nX : a\r\n\r\n`,
      `CONNECT ${at} HTTP/1.1\r\nX: a\u0000\r\n\r\n`,
      `CONNECT ${at} HTTP/1.1\nX: a\n\n`,
    ];
    for (const request of requests) {
      const { httpPort, record, records } = await startBridge(t);
      const client = await rawClient(httpPort, request);
      const text = await client.rest();
      t.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/u, JSON.stringify(request));
      t.match(text, /Proxy-Status: spacetail; error=http_request_error/u);
      t.match(await record(), { status: 400, error: 'http_request_error', route: 'deny' });
      t.equal(records.length, 1);
      client.socket.destroy();
    }
    t.equal(origin.accepted.count, 0);
  },
);

void t.test('RFC 9112 3.2.3: an IPv6 authority is dialled', async (t) => {
  const { httpPort, record } = await startBridge(t, { allowLocal: '[::1]' });
  const client = await rawClient(httpPort, 'CONNECT [::1]:1 HTTP/1.1\r\n\r\n');
  t.match(await client.rest(), /^HTTP\/1\.1 502 /u);
  t.match(await record(), { ip: '::1', port: 1 });
});

void t.test('RFC 9110 9.3.6: a 2xx has no length and no coding', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const { httpPort } = await startBridge(t);
  for (const version of ['1.1', '1.0']) {
    const client = await rawClient(
      httpPort,
      `CONNECT 127.0.0.1:${origin.port} HTTP/${version}\r\nHost: x\r\n\r\n`,
    );
    t.equal(await client.until(/\r\n\r\n/u), 'HTTP/1.1 200 Connection established\r\n\r\n');
    client.socket.destroy();
  }
});

void t.test('bytes glued to the head are the first of the tunnel, whatever they are', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const origin = await tcpOrigin(t, (socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.length === 40_007) resolve(text);
    });
  });
  const { httpPort } = await startBridge(t);
  const glued = '\u0016\u0003\u0001\u0000'.repeat(10_000);
  const client = await rawClient(
    httpPort,
    Buffer.from(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\n\r\n${glued}`, 'latin1'),
  );
  await client.until(/200/u);
  client.socket.write('and end');
  t.equal(await promise, `${glued}and end`);
  client.socket.destroy();
});

void t.test(
  'an origin that speaks first is heard at once, and half-closes pass both ways',
  async (t) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const origin = await tcpOrigin(t, (socket) => {
      socket.end('SSH-2.0-banner\r\n');
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
    });
    const { httpPort, record } = await startBridge(t);
    const client = await rawClient(httpPort, `CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\n\r\n`);
    t.match(await client.rest(), /banner\r\n$/u);
    client.socket.end('still heard');
    t.equal(await promise, 'still heard');
    t.match(await record(), {
      closeReason: 'origin_closed',
      bytesUp: 11,
      bytesDown: 16,
      status: 200,
      error: null,
    });
  },
);

void t.test('a reset passes through, both ways', async (t) => {
  const seen = Promise.withResolvers<string | undefined>();
  const origin = await tcpOrigin(t, (socket) => {
    socket.on('error', ({ code }: NodeJS.ErrnoException) => seen.resolve(code));
    socket.on('data', (chunk: Buffer) => {
      if (chunk.toString() === 'reset') socket.resetAndDestroy();
    });
  });
  const { httpPort, record } = await startBridge(t);
  const first = await rawClient(httpPort, `CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\n\r\n`);
  await first.until(/200/u);
  first.socket.write('reset');
  const [error] = (await once(first.socket, 'error')) as [NodeJS.ErrnoException];
  t.equal(error.code, 'ECONNRESET');
  t.match(await record(), {
    closeReason: 'origin_reset',
    error: 'connection_terminated',
    status: 200,
  });
  const second = await rawClient(httpPort, `CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\n\r\n`);
  await second.until(/200/u);
  second.socket.resetAndDestroy();
  t.equal(await seen.promise, 'ECONNRESET');
  t.match(await record(1), { closeReason: 'client_reset' });
});

void t.test('a client that goes away at any moment leaves nothing open', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const request = `CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHost: x\r\n\r\nbytes`;
  const { httpPort, bridge, records } = await startBridge(t);
  for (let cut = 1; cut <= request.length; cut += 3) {
    const client = await rawClient(httpPort, request.slice(0, cut));
    if (cut % 2 === 0) client.socket.resetAndDestroy();
    else client.socket.destroy();
  }
  const last = await rawClient(httpPort, request);
  await last.until(/bytes$/u);
  last.socket.end();
  await waitFor(() => origin.open.size === 0 && bridge.counters().openTunnels === 0);
  await waitFor(() => records.length === bridge.counters().requests);
  t.ok(records.every(({ status }) => [200, 400, 499].includes(status)));
});

void t.test('a client that goes away during the look-up ends the look-up', async (t) => {
  const asked = Promise.withResolvers<AbortSignal>();
  const { httpPort, record } = await startBridge(t, {
    resolve: async (host, signal) => {
      asked.resolve(signal);
      await once(signal, 'abort');
      throw new Error(`${host}: aborted`);
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
