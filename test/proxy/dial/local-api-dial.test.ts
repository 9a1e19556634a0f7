/** A dial by LocalAPI, on a unix socket whose answers are those of tailscaled 1.102. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import { byLocalApi, readDialResponse } from '../../../src/proxy/dial/local-api-dial.ts';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

const NEVER = new AbortController().signal;
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: ts-dial\r\nConnection: upgrade\r\n\r\n';
const failureOf = (text: string, status = '502 Bad Gateway'): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

/** tailscaled's socket; `answer` is given each request's head. */
async function localApi(t: Test, answer: (socket: Socket, head: string) => void) {
  const path = join(tmpFolder(t), 'tailscaled.sock');
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.on('end', () => socket.end());
    socket.once('data', (chunk: Buffer) => answer(socket, chunk.toString('latin1')));
  });
  server.listen(path);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { path, open };
}

void t.test('a tunnel goes by the socket, with the address that was judged', async (t) => {
  const heads: string[] = [];
  const { path, open } = await localApi(t, (socket, head) => {
    heads.push(head);
    socket.write(`${SWITCHED}banner `);
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
  });
  const bridge = await startBridge(t, { tailnet: fakeTailnet({ path }) });
  const client = await rawClient(bridge.httpPort, 'CONNECT web:80 HTTP/1.1\r\nHost: web\r\n\r\n');
  await client.until(/banner $/u);
  client.socket.write('hello');
  await client.until(/banner hello$/u);
  client.socket.end();
  await client.rest();
  await waitFor(() => open.size === 0, { what: 'the end at the socket' });
  t.match(heads, [
    /^POST \/localapi\/v0\/dial HTTP\/1\.1\r\n[^]*Upgrade: ts-dial\r\nDial-Host: 100\.64\.0\.7\r\nDial-Port: 80\r\n/u,
  ]);
  t.match(await bridge.record(), { route: 'tailnet', status: 200, ip: '100.64.0.7' });
});

void t.test('what LocalAPI says is what is told, and nothing is left open', async (t) => {
  let says = '';
  const { path, open } = await localApi(t, (socket) => {
    if (says !== '') socket.write(says);
  });
  const ask = async (text: string, signal = NEVER, timeoutMs = 5000) => {
    says = text;
    const target = { ip: '100.64.0.7', port: 80 };
    const answer = await byLocalApi(path)(target, { isFixed: true, timeoutMs, signal });
    if (answer.kind === 'connected') answer.connection.socket.destroy();
    await waitFor(() => open.size === 0, { what: 'the end' });
    return answer;
  };
  t.match(await ask(SWITCHED), { kind: 'connected' });
  t.match(await ask(failureOf('dial failure: connect tcp 100.64.0.7:80: connection was refused')), {
    kind: 'refused',
  });
  t.match(await ask(failureOf('dial failure: operation timed out')), { kind: 'silent' });
  t.match(await ask(failureOf('dial failure: no route to host')), {
    kind: 'unreachable',
    detail: 'no route to host',
  });
  t.match(await ask('HTTP/1.1 200 OK\r\nDial-Self: true\r\nContent-Length: 0\r\n\r\n'), {
    kind: 'not_tailnet',
  });
  t.match(await ask(failureOf('denied', '403 Forbidden')), { kind: 'down', detail: /403.*denied/ });
  t.match(await ask('SSH-2.0-x\r\n\r\n'), { kind: 'down' });
  t.match(await ask('', NEVER, 30), { kind: 'timeout' });
  t.match(await ask('', AbortSignal.timeout(30)), { kind: 'aborted' });
  const nowhere = byLocalApi(`${path}.gone`);
  const options = { isFixed: true, timeoutMs: 5000, signal: NEVER };
  t.match(await nowhere({ ip: '100.64.0.7', port: 80 }, options), {
    kind: 'down',
    detail: /ENOENT/,
  });
});

void t.test(
  "an address that is not the tailnet's any more is refused, not dialled here",
  async (t) => {
    const { path } = await localApi(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nDial-Self: true\r\nDial-Addr: 100.64.0.7:80\r\n\r\n');
    });
    const bridge = await startBridge(t, { tailnet: fakeTailnet({ path }) });
    const client = await rawClient(bridge.httpPort, 'CONNECT web:80 HTTP/1.1\r\nHost: web\r\n\r\n');
    t.match(
      await client.rest(),
      /^HTTP\/1\.1 503 [^]*no node of the tailnet has its address any more/u,
    );
  },
);

void t.test('any bytes are an answer, none, or too few', async (t) => {
  const bytes = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ maxLength: 40 }).map((rest) => `HTTP/1.1 ${rest}\r\n\r\nmore`),
    fc.string({ maxLength: 9 }).map((n) => `HTTP/1.1 502 x\r\nContent-Length: ${n}\r\n\r\nmore`),
  );
  fc.assert(
    fc.property(bytes, (text) => {
      const given = Buffer.from(text, 'latin1');
      const read = readDialResponse(given);
      return read.kind !== 'read' || (read.used > 0 && read.used <= given.length);
    }),
    { seed: 20_261_201, numRuns: 10_000 },
  );
  t.pass('10,000 answers');
});
