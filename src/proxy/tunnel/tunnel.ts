/**
 * Bytes both ways between a client and a line until both have ended. Half-close passes through,
 * a reset is mirrored, and who does not read for five minutes is cut.
 */
import type { Socket } from 'node:net';
import type { Connection } from '../dial/connection.ts';
import { finish, reset } from './close.ts';
import { Flow } from './flow.ts';
import { halfClose } from './half-close.ts';

export type TunnelEnd =
  /** Who ended first, after which the other ended too. */
  | 'client_closed'
  | 'origin_closed'
  | 'client_reset'
  | 'origin_reset'
  /** One side did not read for `stallTimeoutMs`. */
  | 'client_stalled'
  | 'origin_stalled'
  /** Cut by the signal. */
  | 'drained';

export interface TunnelResult {
  readonly closeReason: TunnelEnd;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface TunnelOptions {
  /** Bytes that came with the request's head. */
  readonly clientHead: Buffer;
  /**
   * Whether the line's server takes the end of one direction for the end of both (tailscaled's SOCKS
   * before September 2026): the client's FIN then waits until the origin has ended.
   */
  readonly holdClientFin: boolean;
  readonly stallTimeoutMs: number;
  /** Cuts the tunnel. */
  readonly signal: AbortSignal;
}

/** Resolves when both sockets are closed. Never rejects. */
export async function tunnel(
  client: Socket,
  line: Connection,
  { clientHead, holdClientFin, stallTimeoutMs, signal }: TunnelOptions,
): Promise<TunnelResult> {
  const origin = line.socket;
  const { promise, resolve } = Promise.withResolvers<void>();
  let closeReason: TunnelEnd | undefined;
  const endedFirst = (reason: TunnelEnd): void => {
    closeReason ??= reason;
  };
  const cut = (reason: TunnelEnd): void => {
    endedFirst(reason);
    reset(client);
    reset(origin);
  };
  const fin = halfClose(client, origin, holdClientFin);
  const up = new Flow({
    to: origin,
    resume: () => client.resume(),
    stallTimeoutMs,
    onStall: () => cut('origin_stalled'),
  });
  // Its client has waited for an answer: these go before all else is made ready.
  const isTaken = clientHead.length === 0 || up.take(clientHead);
  const down = new Flow({
    to: client,
    resume: () => line.resume(),
    stallTimeoutMs,
    onStall: () => cut('client_stalled'),
  });
  const onData = (chunk: Buffer): void => {
    if (!up.take(chunk)) client.pause();
  };
  client.on('data', onData);
  const downwards = (chunk: Buffer): boolean => {
    fin.sawOrigin();
    return down.take(chunk);
  };
  const onClose = (): void => {
    if (!client.destroyed || !origin.destroyed) return;
    resolve();
  };

  const onClientEnd = (): void => {
    endedFirst('client_closed');
    fin.clientEnded();
  };
  client.on('end', onClientEnd);
  // Their errors are looked at when they close, which follows at once: whoever made the sockets listens for them.
  client.on('close', () => {
    if (client.errored) endedFirst(isReset(client.errored) ? 'client_reset' : 'client_closed');
    // Without an end before: destroyed by somebody, or by its own error.
    if (client.errored || (!origin.destroyed && !client.readableEnded)) reset(origin);
    onClose();
  });
  const onOriginEnd = (): void => {
    endedFirst('origin_closed');
    finish(client);
    fin.originEnded();
  };
  origin.on('end', onOriginEnd);
  origin.on('close', () => {
    if (origin.errored) endedFirst(isReset(origin.errored) ? 'origin_reset' : 'origin_closed');
    if (origin.errored || (!client.destroyed && !origin.readableEnded)) reset(client);
    onClose();
  });
  const onAbort = (): void => {
    cut('drained');
  };
  signal.addEventListener('abort', onAbort);

  if (signal.aborted) onAbort();
  else if (client.destroyed || origin.destroyed)
    cut(client.destroyed ? 'client_reset' : 'origin_reset');
  line.readInto(downwards);
  if (origin.readableEnded) onOriginEnd();
  if (client.readableEnded) onClientEnd();
  if (isTaken) client.resume();
  onClose();
  await promise;
  signal.removeEventListener('abort', onAbort);
  up.stop();
  down.stop();
  fin.forget();
  line.recycle();
  return { closeReason: closeReason ?? 'origin_closed', bytesUp: up.bytes, bytesDown: down.bytes };
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}
