/** From a readable target to a tunnel, the same way for CONNECT and SOCKS5: decide, dial, answer, carry. */
import type { DoorContext } from './door.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from '../core/failure.ts';
import { errorTypeOf } from '../core/failure.ts';
import { carry } from './carry.ts';
import type { Plan } from '../decide/decide.ts';
import type { Lease } from '../dial/dial-context.ts';
import type { Connection } from '../dial/connection.ts';
import { firstMove } from '../tunnel/first-move.ts';
import { reset } from '../tunnel/close.ts';

/** What the access log has for a tunnel that stood. */
const ANSWERED_OK = 200;

export interface TunnelRequest {
  readonly exchange: Exchange;
  /** Bytes of the client that came with its request. */
  readonly head: Buffer;
  /** Listens for the client's end until the tunnel does so itself. */
  readonly onClose: () => void;
  /** The protocol's own word for a tunnel that stands. */
  readonly established: string | Buffer;
  /** The protocol's own word for a refusal. */
  readonly refuse: (exchange: Exchange, failed: Failure) => void;
}

/** Ends with the tunnel. */
export async function openTunnel(request: TunnelRequest, context: DoorContext): Promise<void> {
  const { exchange, head, onClose, established, refuse } = request;
  const client = exchange.request.socket;
  const decision = await exchange.decide();
  if (decision.kind === 'refuse') {
    refuse(exchange, decision.failure);
    return;
  }
  const dialled = await exchange.dial(decision.plan, { isFixed: true });
  if (dialled.kind === 'failed') {
    refuse(exchange, dialled.failure);
    return;
  }
  client.off('close', onClose);
  if (!client.destroyed) client.write(established);
  const { plan } = decision;
  const opened =
    dialled.lease === undefined
      ? { line: dialled.connection, head }
      : await settle({ exchange, plan, lease: dialled.lease, head, onClose }, context);
  if (opened === undefined) return;
  await carry({ exchange, plan, client, ...opened, status: ANSWERED_OK }, context);
}

interface Settling {
  readonly exchange: Exchange;
  readonly plan: Plan;
  readonly lease: Lease;
  readonly head: Buffer;
  readonly onClose: () => void;
}

/** The line to carry on: the spare's, or a fresh one where its origin ended it before the client's first byte. */
async function settle(
  { exchange, plan, lease, head, onClose }: Settling,
  { hall }: DoorContext,
): Promise<{ line: Connection; head: Buffer } | undefined> {
  const client = exchange.request.socket;
  hall.tunnelOpened();
  const { by, sent } = await firstMove(client, lease.connection, head, exchange.signal);
  hall.tunnelClosed();
  if (by !== 'origin_gone') {
    lease.used();
    if (by === 'origin_spoke') lease.spokeFirst();
    return { line: lease.connection, head: sent };
  }
  lease.died();
  client.on('close', onClose);
  const dialled = await exchange.dial(plan, { isFixed: true, isFresh: true });
  client.off('close', onClose);
  if (dialled.kind === 'connected') return { line: dialled.connection, head: sent };
  // The client was told 200: all that is left to say is a reset.
  if (!client.destroyed) reset(client);
  const { failure } = dialled;
  const closeReason = exchange.isCut ? 'drained' : errorTypeOf(failure);
  exchange.end({ status: ANSWERED_OK, failure, bytesUp: 0, bytesDown: 0, closeReason });
  return undefined;
}
