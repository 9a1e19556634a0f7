import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

void t.test('16 MiB go up and come back unaltered, with a length and chunked', async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    request.pipe(response);
  });
  const { httpPort, record } = await startBridge(t);
  const sent = randomBytes(16 * 1024 * 1024);
  for (const [at, headers] of [
    { 'content-length': sent.length },
    { 'transfer-encoding': 'chunked' },
  ].entries()) {
    const request = httpRequest({
      host: '127.0.0.1',
      port: httpPort,
      method: 'PUT',
      path: `http://127.0.0.1:${origin.port}/`,
      headers,
      agent: false,
    });
    request.end(sent);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    t.equal(sha(Buffer.concat(chunks)), sha(sent));
    t.match(await record(at), {
      bytesUp: sent.length,
      bytesDown: sent.length,
      closeReason: 'complete',
    });
  }
});

void t.test('a client that goes away at any moment ends the request to the origin', async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    request.resume();
    response.write('first');
  });
  const request = `POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`;
  const { httpPort, bridge, records } = await startBridge(t);
  for (let cut = 1; cut <= request.length; cut += 4) {
    const client = await rawClient(httpPort, request.slice(0, cut));
    if (cut % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (cut % 2 === 0) client.socket.resetAndDestroy();
    else client.socket.destroy();
  }
  const reading = await rawClient(httpPort, request);
  await reading.until(/first/u);
  reading.socket.destroy();
  await waitFor(() => origin.open.size === 0, { what: 'no connection to the origin' });
  await waitFor(() => records.length === bridge.counters().requests);
  t.ok(records.some(({ status, error }) => status === 200 && error === 'client_gone'));
  t.ok(records.every(({ status }) => [200, 400, 499].includes(status)));
});

void t.test(
  'an origin that goes away at any moment is 502 or a cut response, and the bridge goes on',
  async (t) => {
    const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789';
    const { httpPort, records, record } = await startBridge(t);
    let cut = 0;
    const origin = await tcpOrigin(t, (socket) => {
      socket.once('data', () => {
        if (cut % 2 === 0) socket.end(whole.slice(0, cut));
        else socket.write(whole.slice(0, cut), () => socket.resetAndDestroy());
      });
    });
    for (; cut < whole.length; cut += 1) {
      const client = await rawClient(
        httpPort,
        `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      const text = await client.rest();
      t.notMatch(text, /0123456789$/u);
      client.socket.destroy();
    }
    await record(whole.length - 1);
    t.equal(records.length, whole.length);
    t.ok(
      records.every(({ status, error }) => (status === 502 || status === 200) && error !== null),
    );
    await waitFor(() => origin.open.size === 0);
  },
);

void t.test('a client that never reads holds back the origin, not the memory', async (t) => {
  let written = 0;
  const origin = await httpOrigin(t, (_request, response) => {
    const more = (): void => {
      do written += 65_536;
      while (response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', more);
    more();
  });
  const { httpPort, record } = await startBridge(t);
  const client = await rawClient(httpPort);
  client.socket.pause();
  client.socket.write(`GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  let before = -1;
  await waitFor(
    () => {
      const isStill = written === before && written > 0;
      before = written;
      return isStill;
    },
    { intervalMs: 200 },
  );
  t.ok(written < 64 * 1024 * 1024, `${written} bytes`);
  client.socket.destroy();
  t.match(await record(), { error: 'client_gone' });
  await waitFor(() => origin.open.size === 0);
});

void t.test('random bytes break nothing', async (t) => {
  const { httpPort, socksPort, bridge } = await startBridge(t, { headerTimeoutMs: 500 });
  for (let round = 0; round < 60; round += 1) {
    const port = round % 2 === 0 ? httpPort : socksPort;
    const head =
      round % 4 < 2
        ? ''
        : round % 2 === 0
          ? 'GET http://127.0.0.1:1/ HTTP/1.1\r\n'
          : '\u0005\u0001\u0000\u0005\u0001';
    const client = await rawClient(
      port,
      Buffer.concat([Buffer.from(head, 'latin1'), randomBytes(200)]),
    );
    client.socket.end();
    await client.rest();
    client.socket.destroy();
  }
  t.equal(bridge.counters().openTunnels, 0);
  const client = await rawClient(httpPort, 'CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n');
  t.match(await client.rest(), /^HTTP\/1\.1 502/u);
});

void t.test(
  'a thousand connects and closes leave no descriptor behind',
  { timeout: 60_000 },
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
    const { httpPort, bridge, records } = await startBridge(t, { holdClientFin: () => true });
    const before = descriptors();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const client = await rawClient(
            httpPort,
            `CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\n\r\nx`,
          );
          await client.until(/x$/u);
          client.socket.destroy();
        }),
      );
    }
    await waitFor(
      () =>
        records.length === 1000 && bridge.counters().openTunnels === 0 && origin.open.size === 0,
    );
    await waitFor(() => descriptors() <= before, { what: `${before} descriptors` });
    t.pass('all closed');
  },
);
