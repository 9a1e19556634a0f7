/**
 * Bytes both ways between a client and a line until both have ended. Half-close passes through,
 * a reset is mirrored, and who does not read for five minutes is cut.
 */
import type { Socket } from 'node:net';
import type { Line } from './dial/line.ts';
import { finish } from './tunnel/finish.ts';
import { heldFin } from './tunnel/held-fin.ts';
import { StallGuard } from './tunnel/stall-guard.ts';
import { reset } from './tunnel/reset.ts';

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
  line: Line,
  { clientHead, holdClientFin, stallTimeoutMs, signal }: TunnelOptions,
): Promise<TunnelResult> {
  const origin = line.socket;
  const { promise, resolve } = Promise.withResolvers<void>();
  let closeReason: TunnelEnd | undefined;
  let bytesUp = 0;
  let bytesDown = 0;
  const endedFirst = (reason: TunnelEnd): void => {
    closeReason ??= reason;
  };
  const cut = (reason: TunnelEnd): void => {
    endedFirst(reason);
    reset(client);
    reset(origin);
  };
  const clientStall = new StallGuard(stallTimeoutMs, () => {
    cut('client_stalled');
  });
  const originStall = new StallGuard(stallTimeoutMs, () => {
    cut('origin_stalled');
  });
  const fin = heldFin(client, origin, holdClientFin);

  const upwards = (chunk: Buffer): void => {
    bytesUp += chunk.length;
    if (origin.write(chunk)) return;
    client.pause();
    originStall.start();
  };
  const downwards = (chunk: Buffer): boolean => {
    bytesDown += chunk.length;
    fin.sawOrigin();
    if (client.destroyed) return true;
    client.write(chunk, onWritten);
    // A whole write leaves nothing behind; otherwise the buffer is still being sent from.
    if (client.writableLength === 0) return true;
    clientStall.start();
    return false;
  };
  const onWritten = (error?: Error | null): void => {
    if (!clientStall.isRunning || error || client.writableLength > 0) return;
    clientStall.stop();
    line.resume();
  };
  const onClose = (): void => {
    if (!client.destroyed || !origin.destroyed) return;
    resolve();
  };

  client.on('data', upwards);
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
  origin.on('drain', () => {
    originStall.stop();
    client.resume();
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

  if (clientHead.length > 0) upwards(clientHead);
  if (signal.aborted) onAbort();
  else if (client.destroyed || origin.destroyed)
    cut(client.destroyed ? 'client_reset' : 'origin_reset');
  line.readInto(downwards);
  if (origin.readableEnded) onOriginEnd();
  if (client.readableEnded) onClientEnd();
  client.resume();
  onClose();
  await promise;
  signal.removeEventListener('abort', onAbort);
  clientStall.stop();
  originStall.stop();
  fin.forget();
  line.recycle();
  return { closeReason: closeReason ?? 'origin_closed', bytesUp, bytesDown };
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}
