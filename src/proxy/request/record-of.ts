/** The record of a request that has ended. */
import type { Socket } from 'node:net';
import type { Authority } from '../core/authority.ts';
import { hostForLog } from '../core/authority.ts';
import type { Findings } from '../decide/decide.ts';
import type { Failure } from '../core/failure.ts';
import { errorTypeOf } from '../core/failure.ts';
import type { ClientProcess, PolicyMode, Protocol, RequestRecord } from '../core/request-record.ts';

export interface ExchangeRequest {
  readonly proto: Protocol;
  readonly method: string;
  /** `undefined` where it could not be read. */
  readonly authority: Authority | undefined;
  /** The client's connection. */
  readonly socket: Socket;
}

export interface Outcome {
  /** What the client was answered; 200 for a tunnel that stood. */
  readonly status: number;
  readonly failure?: Failure | undefined;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly closeReason: string;
}

/** What has been found out so far; `undefined` where the step was not reached. */
export interface Progress {
  readonly startedMs: number;
  findings: Findings | undefined;
  /** The literal that was connected, where it is not the first of the findings. */
  ip: string | undefined;
  dnsMs: number | undefined;
  dialMs: number | undefined;
  /** The connection was dialled ahead. */
  isPreconnected: boolean;
  /** How many addresses were dialled. */
  tried: number;
}

export interface Ended {
  readonly id: string;
  readonly request: ExchangeRequest;
  readonly progress: Progress;
  readonly outcome: Outcome;
  readonly client: ClientProcess | null;
  readonly mode: PolicyMode;
  /** Of `performance.now()`. */
  readonly endedMs: number;
  /** Epoch. */
  readonly timeMs: number;
}

export function recordOf(ended: Ended): RequestRecord {
  const { request, progress, outcome, mode } = ended;
  const { findings } = progress;
  return {
    timeMs: ended.timeMs,
    id: ended.id,
    proto: request.proto,
    method: request.method,
    host: request.authority === undefined ? '' : hostForLog(request.authority.host),
    port: request.authority?.port ?? 0,
    nameSource: findings?.source ?? null,
    ip: progress.ip ?? findings?.ip ?? null,
    peer: findings?.peer?.name ?? null,
    ...(findings?.tailnet?.name && { tailnet: findings.tailnet.name }),
    route: findings?.isRouted === true ? findings.via : 'deny',
    policy: {
      decision: findings?.verdict?.decision ?? 'allow',
      rule: findings?.verdict?.rule ?? null,
      mode,
    },
    client: ended.client,
    status: outcome.status,
    error: outcome.failure === undefined ? null : errorTypeOf(outcome.failure),
    detail: outcome.failure?.detail ?? null,
    dnsMs: rounded(progress.dnsMs),
    dialMs: rounded(progress.dialMs),
    ...(progress.isPreconnected ? { preconnect: true } : {}),
    ...(progress.tried > 1 ? { tried: progress.tried } : {}),
    totalMs: rounded(ended.endedMs - progress.startedMs) ?? 0,
    bytesUp: outcome.bytesUp,
    bytesDown: outcome.bytesDown,
    closeReason: outcome.closeReason,
  };
}

/** Tenths of a millisecond: a loopback dial takes less than one. */
function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}
