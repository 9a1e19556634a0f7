/** An origin whose bytes never repeat, so that a piece lost, doubled or out of place changes the hash. */
import { createCipheriv, createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const PIECE = Buffer.alloc(64 * 1024);

/** AES-CTR of zeros: the first `length` bytes of a stream that is the same everywhere. */
export function* keystream(length: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
  for (let left = length; left > 0; left -= PIECE.length) {
    yield cipher.update(left < PIECE.length ? PIECE.subarray(0, left) : PIECE);
  }
}

const hashes = new Map<number, string>();

export function hashOf(length: number): string {
  const known = hashes.get(length);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (const piece of keystream(length)) hash.update(piece);
  const digest = hash.digest('hex');
  hashes.set(length, digest);
  return digest;
}

export interface FaultsOrigin {
  /** GET /bytes/N?everyMs=M: N bytes of the stream, M ms between two pieces. POST /hash: the hash of the body. */
  readonly http: number;
  close(): void;
}

async function* paced(length: number, everyMs: number): AsyncGenerator<Buffer> {
  for (const piece of keystream(length)) {
    yield piece;
    if (everyMs > 0) await sleep(everyMs);
  }
}

async function sendBytes(response: ServerResponse, url: URL): Promise<void> {
  const length = Number(url.pathname.split('/')[2]);
  response.setHeader('content-length', length);
  const body = paced(length, Number(url.searchParams.get('everyMs') ?? 0));
  // Who goes away amid it is the fault's doing; the client is the one to notice.
  await pipeline(body, response).catch(() => {});
}

async function sendHash(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of request) hash.update(chunk as Buffer);
    response.end(hash.digest('hex'));
  } catch {
    // The client went away: nobody is answered, so nothing is acknowledged.
  }
}

/** On this machine's loopback, to which each node leads. */
export async function startFaultsOrigin(): Promise<FaultsOrigin> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://origin.invalid');
    if (request.method === 'POST') void sendHash(request, response);
    else if (url.pathname.startsWith('/bytes/')) void sendBytes(response, url);
    else response.end('hello\n');
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  return {
    http: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
