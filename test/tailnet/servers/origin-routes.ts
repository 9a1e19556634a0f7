import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { serveGit } from './git.ts';

export interface RouteContext {
  /** The folder with the git repository. */
  gitRoot: string;
  /** The name of this origin: `tailnet`, `subnet` or `internet`. */
  origin: string;
  /** The node whose tailscaled has made this connection; undefined when it came by the host. */
  via: () => string | undefined;
}

/** What `/echo` answers. */
export interface Echo {
  method: string;
  url: string;
  httpVersion: string;
  /** As received: name, value, name, value… */
  rawHeaders: string[];
  headers: Record<string, string | string[] | undefined>;
  bodyBytes: number;
  bodySha256: string;
  origin: string;
  /** null: the connection came by the host's own network. */
  via: string | null;
}

const BLOCK = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 31) & 0xff));

/** The first `length` bytes of what `/bytes/LENGTH` sends, for a test to compare with. */
export function patternBytes(length: number): Buffer {
  const result = Buffer.alloc(length);
  for (let at = 0; at < length; at += BLOCK.length) BLOCK.copy(result, at);
  return result;
}

/** The origin's answers; README.md has the table. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://origin.invalid');
  const [, route, argument] = url.pathname.split('/');
  const number = Number(argument ?? 0);
  switch (route) {
    case '':
      return void response.end(`hello from ${context.origin}, you asked ${request.headers.host}\n`);
    case 'echo':
      return echo(request, response, context);
    case 'bytes':
      return sendBytes(response, number, number);
    case 'cut':
      await sendBytes(response, number, number + 1000, false);
      return void response.socket?.destroy();
    case 'drip':
      return drip(response, number, Number(url.searchParams.get('everyMs') ?? 100));
    case 'slow':
      await sleep(number);
      return void response.end('late\n');
    case 'status':
      return void response.writeHead(number).end();
    case 'git':
      return serveGit(context.gitRoot, request, response);
    default:
      return void response.writeHead(404).end('no such route\n');
  }
}

async function echo(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
): Promise<void> {
  const hash = createHash('sha256');
  let bodyBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bodyBytes += chunk.length;
  }
  const body: Echo = {
    method: request.method ?? '',
    url: request.url ?? '',
    httpVersion: request.httpVersion,
    rawHeaders: request.rawHeaders,
    headers: request.headers,
    bodyBytes,
    bodySha256: hash.digest('hex'),
    origin: context.origin,
    via: context.via() ?? null,
  };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
}

async function sendBytes(
  response: ServerResponse,
  length: number,
  contentLength: number,
  end = true,
): Promise<void> {
  response.writeHead(200, { 'content-length': contentLength });
  await pipeline(Readable.from(blocks(length)), response, { end });
}

function* blocks(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= BLOCK.length) {
    yield left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK;
  }
}

/** One line now and then, chunked: a stream that must not be buffered on its way. */
async function drip(response: ServerResponse, lines: number, everyMs: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain' });
  for (let line = 1; line <= lines && !response.destroyed; line++) {
    response.write(`line ${line}\n`);
    await sleep(everyMs);
  }
  response.end();
}
