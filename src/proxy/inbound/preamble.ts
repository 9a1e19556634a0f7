/**
 * What stands before every request, whatever it speaks: whose connection it is, its token, its framing, its target;
 * in this order, so that a stranger's target is not even looked at.
 */
import type { Socket } from 'node:net';
import type { ParsedAuthority, ParsedTarget } from '../core/authority.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Protocol } from '../core/request-record.ts';
import type { HandlerContext } from './handler.ts';

type Parsed = ParsedAuthority | ParsedTarget;
type Readable<P extends Parsed> = Exclude<P, { readonly kind: 'malformed' }>;

/** It ended, or said nothing in time: nothing to answer and nothing to record. */
export const silent = Symbol('silent');

type Unfit = Failure | typeof silent;

export interface Arrival<P extends Parsed> {
  readonly socket: Socket;
  readonly proto: Protocol;
  readonly method: string;
  /** Why its token does not do. */
  readonly tokenProblem: () => Unfit | undefined | Promise<Unfit | undefined>;
  /** What two readers could read differently in it. */
  readonly framingProblem: () => string | undefined;
  readonly target: () => P | Unfit | Promise<P | Unfit>;
  /** What a client whose request is malformed should send. */
  readonly hint: string;
}

export type Admission<P extends Parsed> =
  | { readonly kind: 'admitted'; readonly exchange: Exchange; readonly target: Readable<P> }
  /** It has been recorded. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** Silent, or a peer of the tailnet that reached us, which has been recorded: it gets no answer. */
  | { readonly kind: 'closed' };

export async function admit<P extends Parsed>(
  arrival: Arrival<P>,
  { exchanges }: HandlerContext,
): Promise<Admission<P>> {
  const { socket, proto, method } = arrival;
  const refuse = (failed: Failure): { kind: 'refused'; failure: Failure } => {
    exchanges.refuse({ proto, method, socket }, failed);
    return { kind: 'refused', failure: failed };
  };
  // Most of it is known at once: to wait for each would cost a turn of the loop a time.
  const guarded = exchanges.options.guard(socket);
  const inbound = guarded && (await guarded);
  if (inbound !== undefined) {
    refuse(inbound);
    return close(socket);
  }
  const asked = arrival.tokenProblem();
  const denied = asked instanceof Promise ? await asked : asked;
  if (denied === silent) return close(socket);
  if (denied !== undefined) return refuse(denied);
  const problem = arrival.framingProblem();
  if (problem !== undefined) return refuse(malformed(problem, arrival.hint));
  const read = arrival.target();
  const target = read instanceof Promise ? await read : read;
  if (target === silent) return close(socket);
  if ('hint' in target) return refuse(target);
  if (target.kind === 'malformed') return refuse(malformed(target.detail, arrival.hint));
  const { authority } = target;
  const exchange = exchanges.begin({ proto, method, authority, socket });
  return { kind: 'admitted', exchange, target: target as Readable<P> };
}

function close(socket: Socket): { readonly kind: 'closed' } {
  socket.destroy();
  return { kind: 'closed' };
}

function malformed(detail: string, hint: string): Failure {
  return failure('malformed', `malformed request: ${detail}`, hint);
}
