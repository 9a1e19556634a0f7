/** What clients write, and origins that answer in bytes. */
import { once } from 'node:events';
import { rawClient } from '../support/bridge.ts';
import type { RawClient } from '../support/bridge.ts';
import { tcpOrigin } from '../support/origins.ts';
import type { Origin } from '../support/origins.ts';
import type { Teardown } from '../support/teardown.ts';
import type { Way } from './way.ts';

export const get = ({ host }: Way, port: number, more = '', path = '/'): string =>
  `GET http://${host}:${port}${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${more}\r\n`;

export const oldGet = ({ host }: Way, port: number): string =>
  `GET http://${host}:${port}/ HTTP/1.0\r\nHost: x\r\n\r\n`;

export const post = ({ host }: Way, port: number, head: string, body: string): string =>
  `POST http://${host}:${port}/ HTTP/1.1\r\nHost: x\r\n${head}\r\n${body}`;

export const connectTo = ({ host }: Way, port: number): string =>
  `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`;

/** RFC 1928: greeting and request in one. */
export function socksTo({ host }: Way, port: number): Buffer {
  return Buffer.from([
    5,
    1,
    0,
    5,
    1,
    0,
    3,
    host.length,
    ...Buffer.from(host),
    port >> 8,
    port & 255,
  ]);
}

export const ask = (way: Way, bytes?: string | Buffer): Promise<RawClient> =>
  rawClient(way.httpPort, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);

/** A tunnel by CONNECT that is open. */
export async function openTunnel(way: Way, port: number): Promise<RawClient> {
  const client = await ask(way, connectTo(way, port));
  await client.until(/^HTTP\/1\.1 200 [^]*\r\n\r\n/u);
  return client;
}

/** What a client gets to know of a connection that ends: nothing, or the code of its error. */
export async function endOf({ socket }: RawClient): Promise<string | undefined> {
  let code: string | undefined;
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
  if (!socket.readableEnded && !socket.destroyed) {
    await Promise.race([once(socket, 'end'), once(socket, 'close')]).catch(() => {});
  }
  return code;
}

/** Writes as long as the other side takes it. @returns how much it has written so far */
export function pour(socket: import('node:stream').Writable): () => number {
  let written = 0;
  const block = Buffer.alloc(65_536, 'x');
  const more = (): void => {
    do written += block.length;
    while (!socket.destroyed && socket.write(block));
  };
  socket.on('drain', more);
  more();
  return () => written;
}

/** An origin that answers with these bytes each time that what came ends as `after` says, and shows what it got. */
export async function rawOrigin(
  t: Teardown,
  answer: string | ((n: number) => string),
  after = /\r\n\r\n/u,
): Promise<Origin & { readonly got: string[] }> {
  const got: string[] = [];
  const origin = await tcpOrigin(t, (socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!after.test(text)) return;
      got.push(text);
      text = '';
      socket.write(typeof answer === 'string' ? answer : answer(got.length), 'latin1');
    });
    socket.on('end', () => socket.end());
  });
  return { ...origin, got };
}
