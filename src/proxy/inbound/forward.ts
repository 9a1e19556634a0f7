/** The absolute-form door: one request to an origin and its response back (RFC 9112 3.2.2). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseAbsoluteTarget } from '../core/authority.ts';
import type { Plan } from '../decide/decide.ts';
import type { DoorContext } from './door.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from '../core/failure.ts';
import { failure, statusOf } from '../core/failure.ts';
import { relay } from '../forward/forward-relay.ts';
import type { InFlight } from './in-flight.ts';
import { framingProblem, hostProblem, valuesOf } from '../http/headers.ts';
import { answerFinal } from './max-forwards.ts';
import type { Origin, OriginPool } from '../forward/origin-pool.ts';
import { answer } from '../http/answer.ts';

export interface ForwardContext extends DoorContext {
  readonly pool: OriginPool;
  readonly inFlight: InFlight;
}

/** The handler of node:http's 'request' and 'checkContinue' events for absolute-form targets. */
export async function handleForward(
  request: IncomingMessage,
  response: ServerResponse,
  context: ForwardContext,
): Promise<void> {
  const { hall, token } = context;
  const method = request.method ?? 'GET';
  const parsed = parseAbsoluteTarget(request.url ?? '', method, hall.hasTailnets);
  const authority = parsed.kind === 'target' ? parsed.authority : undefined;
  const exchange = hall.begin({ proto: 'http', method, authority, socket: request.socket });
  context.inFlight.add(request, response, (failed) => {
    refuse(exchange, response, failed);
    if (response.headersSent) response.destroy();
    exchange.abandon();
  });
  response.on('close', () => {
    if (!response.writableFinished) exchange.abandon();
  });
  exchange.signal.addEventListener('abort', () => {
    if (exchange.isCut && !response.writableFinished) response.destroy();
  });
  const inbound = await hall.options.guard(request.socket);
  if (inbound !== undefined) {
    exchange.refuse(inbound);
    request.socket.destroy();
    return;
  }
  const problem = problemOf(request, parsed.kind === 'malformed' ? parsed.detail : undefined);
  if (problem !== undefined) {
    refuse(exchange, response, problem);
    return;
  }
  const denied = token.refusalOf(request.headers['proxy-authorization']);
  if (denied !== undefined) {
    refuse(exchange, response, denied);
    return;
  }
  const final = answerFinal(request, response);
  if (final !== undefined) {
    exchange.end({ status: final, bytesUp: 0, bytesDown: 0, closeReason: 'complete' });
    return;
  }
  const decision = await exchange.decide();
  if (decision.kind === 'refuse') {
    refuse(exchange, response, decision.failure);
    return;
  }
  const path = parsed.kind === 'target' ? parsed.path : '/';
  await sendOn({ exchange, request, response, path, plan: decision.plan }, context);
}

interface Forwarded {
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly plan: Plan;
}

/** Tries an idle connection first; one that turns out closed costs a second try where that is safe. */
async function sendOn(forwarded: Forwarded, { pool }: ForwardContext): Promise<void> {
  const { exchange, request, response, plan } = forwarded;
  let idle = pool.take(plan);
  for (;;) {
    const origin = idle ?? (await connected(forwarded, pool));
    if (origin === undefined) return;
    if (valuesOf(request.rawHeaders, 'expect').length > 0 && !response.headersSent) {
      response.writeContinue();
    }
    const relayed = await relay(forwarded, origin);
    if (relayed.kind === 'stale' && idle !== undefined) {
      pool.discard(origin);
      idle = undefined;
      continue;
    }
    if (relayed.kind === 'done') pool.put(plan, origin);
    else pool.discard(origin);
    if (relayed.kind === 'failed' && !response.headersSent && !response.destroyed) {
      answer(response, relayed.failure);
    }
    const failed =
      relayed.kind === 'done' || relayed.kind === 'stale' ? undefined : relayed.failure;
    const wasAnswered = relayed.kind !== 'stale' && relayed.status !== undefined;
    exchange.end({
      status: wasAnswered ? relayed.status : statusOf(failed ?? GONE),
      failure: failed,
      bytesUp: relayed.bytesUp,
      bytesDown: relayed.bytesDown,
      closeReason: closeReason(exchange, failed),
    });
    return;
  }
}

const GONE = failure('terminated', 'the origin closed the connection', '');

async function connected(
  { exchange, response, plan }: Forwarded,
  pool: OriginPool,
): Promise<Origin | undefined> {
  const dialled = await exchange.dial(plan, { isFixed: false });
  if (dialled.kind === 'connected') return pool.wrap(plan, dialled.connection);
  refuse(exchange, response, dialled.failure);
  return undefined;
}

function problemOf(
  request: IncomingMessage,
  targetProblem: string | undefined,
): Failure | undefined {
  const { rawHeaders, httpVersion } = request;
  const detail =
    targetProblem ??
    framingProblem(rawHeaders, httpVersion) ??
    hostProblem(rawHeaders, httpVersion);
  if (detail === undefined) return undefined;
  return failure(
    'malformed',
    `malformed request: ${detail}`,
    'Send an absolute http:// URI with one Host field and one length.',
  );
}

function refuse(exchange: Exchange, response: ServerResponse, failed: Failure): void {
  answer(response, failed);
  exchange.refuse(failed);
}

function closeReason(exchange: Exchange, failed: Failure | undefined): string {
  if (exchange.isCut) return 'drained';
  if (failed === undefined) return 'complete';
  return failed.kind === 'client_gone' ? 'client_closed' : 'origin_closed';
}
