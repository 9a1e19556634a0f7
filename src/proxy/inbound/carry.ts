/** A tunnel as part of an exchange: counted, cut when the bridge stops, recorded at its end. */
import type { Socket } from 'node:net';
import type { Plan } from '../decide/decide.ts';
import type { Exchange } from '../request/exchange.ts';
import { failure } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import type { Connection } from '../dial/connection.ts';
import { tunnel } from '../tunnel/tunnel.ts';
import type { TunnelResult } from '../tunnel/tunnel.ts';
import type { HandlerContext } from './handler.ts';

export interface Carried {
  readonly exchange: Exchange;
  readonly plan: Plan;
  readonly client: Socket;
  readonly connection: Connection;
  /** Bytes of the client that came with the head. */
  readonly head: Buffer;
  /** What the client was answered. */
  readonly status: number;
}

export async function carry(
  { exchange, plan, client, connection, head, status }: Carried,
  { exchanges, holdClientFin, stallTimeoutMs }: HandlerContext,
): Promise<void> {
  exchanges.tunnelOpened();
  const result = await tunnel(client, connection, {
    clientHead: head,
    holdClientFin: plan.via !== 'direct' && holdClientFin(),
    stallTimeoutMs,
    signal: exchange.signal,
  });
  exchanges.tunnelClosed();
  exchange.end({ status, failure: failureOf(result, plan), ...result });
}

function failureOf({ closeReason }: TunnelResult, plan: Plan): Failure | undefined {
  if (closeReason === 'origin_reset') {
    return failure('terminated', `${plan.host} reset the connection`, '');
  }
  if (closeReason === 'client_stalled' || closeReason === 'origin_stalled') {
    const who = closeReason === 'client_stalled' ? 'the client' : plan.host;
    return failure('terminated', `${who} read nothing for minutes`, '');
  }
  return undefined;
}
