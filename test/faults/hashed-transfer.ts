/** One transfer through the bridge, and whether what was acknowledged is what was sent. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { connectBySocksv5 } from '../support/socksv5-client.ts';
import { hashOf, keystream } from './origin.ts';

export type Door = 'connect' | 'forward' | 'socks';
export const doors: readonly Door[] = ['connect', 'forward', 'socks'];

export interface Transfer {
  readonly door: Door;
  readonly host: string;
  readonly port: number;
  /** Down: to us; up: to the origin, which answers with the hash of what it got. */
  readonly direction: 'down' | 'up';
  readonly bytes: number;
  /** Down: between two pieces of 64 KB. */
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
  /** Down: so many have come. */
  readonly onBytes?: (bytes: number) => void;
}

export type Outcome =
  /** Complete, and the hash is right. */
  | { readonly kind: 'whole'; readonly ms: number }
  /** Complete to the eye, but not what was sent. Never acceptable. */
  | { readonly kind: 'altered'; readonly ms: number; readonly why: string }
  /** An answer of the bridge's instead: its status, 0 for a SOCKS refusal. */
  | { readonly kind: 'refused'; readonly ms: number; readonly why: string }
  /** Cut, and seen to be cut. */
  | { readonly kind: 'broken'; readonly ms: number; readonly why: string };

interface Bridge {
  readonly httpPort: number;
  readonly socksPort: number;
}

class Refused extends Error {}

async function tunnelBy(bridge: Bridge, { door, host, port }: Transfer): Promise<Socket> {
  if (door === 'socks') {
    try {
      return await connectBySocksv5(bridge.socksPort, { host, port });
    } catch (error) {
      throw new Refused(String(error));
    }
  }
  const asked = request({
    host: '127.0.0.1',
    port: bridge.httpPort,
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

/** Never throws. */
export async function transfer(bridge: Bridge, wanted: Transfer): Promise<Outcome> {
  const startedMs = performance.now();
  const passed = (): number => Math.round(performance.now() - startedMs);
  const sockets: Socket[] = [];
  const agent = new Agent();
  try {
    const path =
      wanted.direction === 'up' ? '/hash' : `/bytes/${wanted.bytes}?everyMs=${wanted.everyMs ?? 0}`;
    const authority = `${wanted.host}:${wanted.port}`;
    const common = {
      method: wanted.direction === 'up' ? 'POST' : 'GET',
      headers: { host: authority, connection: 'close' },
      ...(wanted.signal && { signal: wanted.signal }),
    };
    let asked: ClientRequest;
    if (wanted.door === 'forward') {
      const at = { host: '127.0.0.1', port: bridge.httpPort, path: `http://${authority}${path}` };
      asked = request({ ...common, ...at, agent });
    } else {
      const socket = await tunnelBy(bridge, wanted);
      sockets.push(socket);
      asked = request({ ...common, path, createConnection: () => socket });
    }
    const answered = once(asked, 'response') as Promise<[IncomingMessage]>;
    // An origin or a bridge that answers early ends the upload; the answer is what counts.
    if (wanted.direction === 'up') Readable.from(keystream(wanted.bytes)).pipe(asked);
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
    const status = response.headers['proxy-status'] as string | undefined;
    if (response.statusCode !== 200) {
      return { kind: 'refused', ms: passed(), why: `${response.statusCode} ${status ?? ''}` };
    }
    const got = wanted.direction === 'up' ? Buffer.concat(text).toString() : hash.digest('hex');
    if (got === hashOf(wanted.bytes)) return { kind: 'whole', ms: passed() };
    return { kind: 'altered', ms: passed(), why: `${bytes} bytes, hash ${got.slice(0, 80)}` };
  } catch (error) {
    const why =
      error instanceof Error
        ? `${(error as { code?: string }).code ?? ''} ${error.message}`
        : String(error);
    return { kind: error instanceof Refused ? 'refused' : 'broken', ms: passed(), why };
  } finally {
    agent.destroy();
    for (const socket of sockets) socket.destroy();
  }
}
