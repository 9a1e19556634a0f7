/** One transfer through the bridge, whose every byte is checked: nothing that was acknowledged may be lost or altered. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { connectBySocksv5 } from '../support/socksv5-client.ts';
import { hashOf, keystream } from './origin.ts';

export const doors = ['connect', 'forward', 'socks5'] as const;
export type Door = (typeof doors)[number];

export interface Transfer {
  readonly door: Door;
  readonly host: string;
  /** Of a faults origin there. */
  readonly port: number;
  /** Down: to us; up: to the origin, which answers with the hash of what it got. */
  readonly direction: 'down' | 'up';
  readonly bytes: number;
  /** Down: between two pieces of 64 KB. */
  readonly everyMs?: number;
  readonly limitMs?: number;
  /** Down: so many have come. */
  readonly onBytes?: (bytes: number) => void;
}

export type Outcome = { readonly ms: number } & (
  | { readonly kind: 'whole' }
  /** Looked complete and was not what was sent. Never right. */
  | { readonly kind: 'altered'; readonly why: string }
  /** The bridge said no, in words of its protocol: status and Proxy-Status, or the SOCKS reply. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Ended before its announced end, and so that the client sees it. */
  | { readonly kind: 'broken'; readonly why: string }
  /** Neither went on nor ended. */
  | { readonly kind: 'stuck'; readonly why: string }
);

export interface Ports {
  readonly httpPort: number;
  readonly socksPort: number;
}

const LIMIT_MS = 60_000;

class Refused extends Error {}

async function tunnelBy(ports: Ports, { door, host, port }: Transfer): Promise<Socket> {
  if (door === 'socks5') {
    try {
      return await connectBySocksv5(ports.socksPort, { host, port });
    } catch (error) {
      throw new Refused(String(error));
    }
  }
  const asked = request({
    host: '127.0.0.1',
    port: ports.httpPort,
    method: 'CONNECT',
    path: `${host}:${port}`,
    headers: { host: `${host}:${port}` },
    agent: false,
  }).end();
  const [response, socket] = (await once(asked, 'connect')) as [IncomingMessage, Socket];
  if (response.statusCode === 200) return socket;
  socket.destroy();
  throw new Refused(`${response.statusCode} ${response.headers['proxy-status'] as string}`);
}

/** Never rejects. */
export async function transfer(ports: Ports, wanted: Transfer): Promise<Outcome> {
  const startedMs = performance.now();
  const limit = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    limit.abort();
    reject(new Error('its time is over'));
  }, wanted.limitMs ?? LIMIT_MS);
  const outcome = await Promise.race([carry(ports, wanted, limit.signal), late]).catch(
    (error: unknown) => {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (error instanceof Refused) return { kind: 'refused', why: message } as const;
      const kind = limit.signal.aborted ? 'stuck' : 'broken';
      return { kind, why: `${code} ${message}`.trim() } as const;
    },
  );
  clearTimeout(timer);
  limit.abort();
  return { ...outcome, ms: Math.round(performance.now() - startedMs) };
}

type Carried =
  | { readonly kind: 'whole' }
  | { readonly kind: 'altered' | 'refused'; readonly why: string };

/** @param signal - ends it and closes what it has opened, now or later */
async function carry(ports: Ports, wanted: Transfer, signal: AbortSignal): Promise<Carried> {
  const { door, direction, host, port, everyMs = 0 } = wanted;
  const path = direction === 'up' ? '/hash' : `/bytes/${wanted.bytes}?everyMs=${everyMs}`;
  const authority = `${host}:${port}`;
  const common = {
    method: direction === 'up' ? 'POST' : 'GET',
    headers: { host: authority, connection: 'close' },
    signal,
  };
  const asked: ClientRequest =
    door === 'forward'
      ? request({
          ...common,
          host: '127.0.0.1',
          port: ports.httpPort,
          path: `http://${authority}${path}`,
          agent: new Agent(),
        })
      : await throughTunnel(ports, wanted, { ...common, path });
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
  // An origin or a bridge that answers early ends the upload; the answer is what counts.
  if (direction === 'up') Readable.from(keystream(wanted.bytes)).pipe(asked);
  else asked.end();
  const [response] = await answered;
  const hash = createHash('sha256');
  const text: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
    if (text.length < 4) text.push(chunk);
    wanted.onBytes?.(bytes);
  }
  if (response.statusCode !== 200) {
    const status = response.headers['proxy-status'] as string | undefined;
    return { kind: 'refused', why: `${response.statusCode} ${status ?? ''}` };
  }
  const got = direction === 'up' ? Buffer.concat(text).toString() : hash.digest('hex');
  if (got === hashOf(wanted.bytes)) return { kind: 'whole' };
  return { kind: 'altered', why: `${bytes} bytes, hash ${got.slice(0, 80)}` };
}

async function throughTunnel(
  ports: Ports,
  wanted: Transfer,
  options: { readonly path: string; readonly signal: AbortSignal },
): Promise<ClientRequest> {
  const socket = await tunnelBy(ports, wanted);
  const { signal } = options;
  signal.addEventListener('abort', () => socket.destroy());
  if (signal.aborted) socket.destroy();
  return request({ ...options, createConnection: () => socket });
}
