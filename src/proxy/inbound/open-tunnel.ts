/** From a readable target to a tunnel, the same way for CONNECT and SOCKS5: decide, dial, answer, carry. */
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from '../core/failure.ts';
import { errorTypeOf } from '../core/failure.ts';
import { carry } from './carry.ts';
import { whenGone } from './client-gone.ts';
import type { HandlerContext } from './handler.ts';
import type { Plan } from '../decide/decide.ts';
import type { Dialled, Lease } from '../dial/dial-context.ts';
import type { Connection } from '../dial/connection.ts';
import type { SocketReader } from '../http/socket-reader.ts';
import { firstMove } from '../tunnel/first-move.ts';
import { reset } from '../tunnel/close.ts';

/** What the access log has for a tunnel that stood. */
const ANSWERED_OK = 200;

export interface TunnelRequest {
  readonly exchange: Exchange;
  /** What waits there came with the request, and is the first of the tunnel. */
  readonly reader: SocketReader;
  /** The protocol's own word for a tunnel that stands. */
  readonly established: string | Buffer;
  /** The protocol's own word for a refusal. */
  readonly refuse: (failed: Failure) => void;
}

/** Ends with the tunnel. */
export async function openTunnel(request: TunnelRequest, context: HandlerContext): Promise<void> {
  const { exchange, reader, established, refuse } = request;
  const client = exchange.request.socket;
  const unwatch = whenGone(reader, () => exchange.abandon());
  const decision = await exchange.decide();
  const dialled =
    decision.kind === 'refuse' ? undefined : await exchange.dial(decision.plan, { isFixed: true });
  unwatch();
  if (decision.kind === 'refuse' || dialled === undefined || dialled.kind === 'failed') {
    const failed = decision.kind === 'refuse' ? decision.failure : (dialled as Failed).failure;
    refuse(failed);
    exchange.refuse(failed);
    return;
  }
  const head = reader.detach();
  if (!client.destroyed) client.write(established);
  const { plan } = decision;
  const opened =
    dialled.lease === undefined
      ? { connection: dialled.connection, head }
      : await settle({ exchange, plan, lease: dialled.lease, head }, context);
  if (opened === undefined) return;
  await carry({ exchange, plan, client, ...opened, status: ANSWERED_OK }, context);
}

type Failed = Extract<Dialled, { readonly kind: 'failed' }>;

interface Settling {
  readonly exchange: Exchange;
  readonly plan: Plan;
  readonly lease: Lease;
  readonly head: Buffer;
}

/** The connection to carry on: the one dialled ahead, or a fresh one where its origin ended it before the client's first byte. */
async function settle(
  { exchange, plan, lease, head }: Settling,
  { exchanges }: HandlerContext,
): Promise<{ connection: Connection; head: Buffer } | undefined> {
  const client = exchange.request.socket;
  exchanges.tunnelOpened();
  const { by, sent } = await firstMove(client, lease.connection, head, exchange.signal);
  exchanges.tunnelClosed();
  if (by !== 'origin_gone') {
    lease.used();
    if (by === 'origin_spoke') lease.spokeFirst();
    return { connection: lease.connection, head: sent };
  }
  lease.died();
  const onClose = (): void => exchange.abandon();
  client.on('close', onClose);
  const dialled = await exchange.dial(plan, { isFixed: true, isFresh: true });
  client.off('close', onClose);
  if (dialled.kind === 'connected') return { connection: dialled.connection, head: sent };
  // The client was told 200: all that is left to say is a reset.
  if (!client.destroyed) reset(client);
  const { failure } = dialled;
  const closeReason = exchange.isCut ? 'drained' : errorTypeOf(failure);
  exchange.end({ status: ANSWERED_OK, failure, bytesUp: 0, bytesDown: 0, closeReason });
  return undefined;
}
