/** A connection through the running bridge: CONNECT to its HTTP listener, whose refusals say why. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Config } from '../config.ts';
import { SpacetailError } from '../errors.ts';
import type { ListenAddress } from '../lifecycle/join/progress.ts';
import { listenersOf } from './supervisor.ts';

export interface BridgeAddress {
  readonly http: ListenAddress;
  readonly token: string | undefined;
}

export type Tunnel =
  | {
      readonly kind: 'open';
      /** Paused, half-open allowed; what came behind the answer's head is read first. */
      readonly socket: Socket;
    }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

const longestHead = 64 * 1024;
const longestReason = 4096;

/** @param host a name or an IP literal, without brackets */
export async function connectThroughBridge(
  bridge: BridgeAddress,
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<Tunnel> {
  signal.throwIfAborted();
  const socket = await reach(bridge.http, signal);
  const abort = (): unknown => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    socket.write(requestHead(bridge, host, port));
    const head = await readHead(socket);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
    if (status === 200) return { kind: 'open', socket };
    const reason = await readReason(socket);
    socket.destroy();
    return {
      kind: 'refused',
      status,
      reason: reason === '' ? `the bridge answered ${status}` : reason,
    };
  } catch (error) {
    signal.throwIfAborted();
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function reach({ host, port }: ListenAddress, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  try {
    await once(socket, 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw new SpacetailError('not_up', `nothing answers on ${host}:${port}`, { cause: error });
  }
}

function requestHead({ token }: BridgeAddress, host: string, port: number): string {
  // `partner!HOST`: the name of one of several tailnets stays before the brackets.
  const [, tailnet = '', bare = host] = /^([a-z]\w*!)(.*)$/i.exec(host) ?? [];
  const authority = `${tailnet}${bare.includes(':') ? `[${bare}]` : bare}:${port}`;
  const credentials = Buffer.from(`spacetail:${token ?? ''}`).toString('base64');
  const authorization = token === undefined ? '' : `Proxy-Authorization: Basic ${credentials}\r\n`;
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`;
}

/** Reads up to the empty line and gives back what came after it. */
async function readHead(socket: Socket): Promise<string> {
  let head = Buffer.alloc(0);
  for (;;) {
    const chunk = await nextChunk(socket);
    if (chunk === undefined)
      throw new SpacetailError(
        'control_failed',
        'the bridge closed the connection without an answer',
      );
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end >= 0) {
      const rest = head.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
      return head.toString('latin1', 0, end);
    }
    if (head.length > longestHead)
      throw new SpacetailError('control_failed', 'what answers on the listener is not the bridge');
  }
}

/** The body's lines; the bridge closes or the length does not matter, since a person reads it. */
async function readReason(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  socket.setTimeout(1000, () => socket.destroy());
  // The body is two lines: no need to wait for a connection that is kept alive.
  while (bytes < longestReason && countLines(parts) < 2) {
    const chunk = await nextChunk(socket).catch(() => undefined);
    if (chunk === undefined) break;
    parts.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(parts).toString('utf8').trim();
}

function countLines(parts: readonly Buffer[]): number {
  return Buffer.concat(parts).toString('latin1').split('\n').length - 1;
}

/** The next bytes without ending the stream's life, as an iterator would; `undefined` at its end. */
async function nextChunk(socket: Socket): Promise<Buffer | undefined> {
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk !== null) return chunk;
    if (socket.readableEnded) return undefined;
    if (socket.destroyed) return undefined;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error): void => {
        for (const name of ['readable', 'end', 'close'] as const) socket.off(name, settle);
        socket.off('error', done);
        if (error === undefined) resolve();
        else reject(error);
      };
      const settle = (): void => done();
      for (const name of ['readable', 'end', 'close'] as const) socket.once(name, settle);
      socket.once('error', done);
    });
  }
}

/**
 * Where and with which token the bridge is reached. The token may be gone from the environment (`exec` and
 * `env --scrub` take it out), but the proxy URL that `env` made has it.
 */
export async function bridgeOf(
  config: Config,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<BridgeAddress> {
  const { http } = await listenersOf(config, signal);
  const target = { ...http, host: wildcardToLoopback(http.host) };
  return {
    http: target,
    token: config.proxyToken ?? tokenOfProxyUrl(env['HTTP_PROXY'] ?? env['http_proxy'], target),
  };
}

function wildcardToLoopback(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function tokenOfProxyUrl(text: string | undefined, http: ListenAddress): string | undefined {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null || url.password === '' || Number(url.port || 80) !== http.port) return undefined;
  try {
    return url.hostname.replaceAll(/^\[|\]$/g, '') === http.host
      ? decodeURIComponent(url.password)
      : undefined;
  } catch {
    return undefined;
  }
}
