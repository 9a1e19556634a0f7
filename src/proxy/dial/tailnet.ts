/**
 * Dials through tailscaled's SOCKS port, and nowhere else: in no state does a tailnet address leave by
 * the host network. tailscaled gives up after 5 s and says reply 1 for everything, so what a failure
 * means comes from the peer's state, the time it took and, where needed, one question to LocalAPI.
 */
import { clientGone } from '../core/client-gone.ts';
import type { Plan } from '../decide/decide.ts';
import type { DialContext, Dialled, DialOptions } from './dial-context.ts';
import type { Failure } from '../core/failure.ts';
import { openConnection } from './connection.ts';
import { socksConnect } from './socks5-client.ts';
import { pause } from '../../async.ts';
import { expired, offline, refused, silent, tailnetDown, unreachable } from './failures.ts';

/** A reply 1 before this is a refusal or the like; later it is tailscaled's 5 s cap. */
const NO_ANSWER_AFTER_MS = 4000;
const DIAGNOSIS_MS = 1500;
/** How long an offline peer may prove that it is not. */
const OFFLINE_GRACE_MS = 1500;
const BETWEEN_ATTEMPTS_MS = 200;

type Attempt =
  | { readonly kind: 'connected'; readonly dialled: Dialled }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** No answer from the peer; may be tried again. */
  | { readonly kind: 'silent' };

/** At most `connectTimeoutMs` for all attempts together. */
export async function dialTailnet(
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  if (plan.hop?.keyExpired === true) return { kind: 'failed', failure: expired(plan.hop) };
  if (plan.hop?.online !== false) {
    const [address] = plan.hop?.addresses ?? [];
    if (address !== undefined && context.tailnet.state().kind === 'running') {
      await context.tailnet.meet(address);
    }
    return dialUntilDeadline(plan, options, context);
  }
  return dialOffline(plan, options, context);
}

/** Control says the peer is offline, which may be old news: dial and disco ping race for a moment. */
async function dialOffline(
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  const { hop } = plan;
  if (hop === undefined) return dialUntilDeadline(plan, options, context);
  const ended = new AbortController();
  const giveUp = new AbortController();
  const onAbort = (): void => {
    giveUp.abort();
  };
  options.signal.addEventListener('abort', onAbort);
  try {
    const grace = pause(OFFLINE_GRACE_MS, ended.signal);
    const answered = context.tailnet
      .ping(
        hop.addresses[0] ?? plan.ip ?? '',
        AbortSignal.any([ended.signal, options.signal, AbortSignal.timeout(OFFLINE_GRACE_MS)]),
      )
      .catch(() => false)
      .then(async (isAlive) => (isAlive ? 'alive' : grace.then(() => 'dead' as const)));
    const dialling = dialUntilDeadline(plan, { ...options, signal: giveUp.signal }, context);
    const first = await Promise.race([dialling, answered]);
    if (first !== 'dead') return await dialling;
    giveUp.abort();
    const late = await dialling;
    if (late.kind === 'connected') return late;
    return { kind: 'failed', failure: options.signal.aborted ? clientGone() : offline(hop, plan) };
  } finally {
    ended.abort();
    options.signal.removeEventListener('abort', onAbort);
  }
}

async function dialUntilDeadline(
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  const deadline = performance.now() + context.connectTimeoutMs;
  let mayAskAgain = true;
  for (;;) {
    const leftMs = deadline - performance.now();
    if (options.signal.aborted) return { kind: 'failed', failure: clientGone() };
    if (leftMs <= 0) return { kind: 'failed', failure: silent(plan, context.connectTimeoutMs) };
    const attempt = await attemptOnce(plan, options, context, leftMs, mayAskAgain);
    if (attempt.kind === 'connected') return attempt.dialled;
    if (attempt.kind === 'failed') return attempt;
    if (options.isAhead) return { kind: 'failed', failure: silent(plan, NO_ANSWER_AFTER_MS) };
    mayAskAgain = false;
    await pause(
      Math.min(BETWEEN_ATTEMPTS_MS, Math.max(0, deadline - performance.now())),
      options.signal,
    );
  }
}

async function attemptOnce(
  plan: Plan,
  { isFixed, signal, isAhead = false }: DialOptions,
  context: DialContext,
  timeoutMs: number,
  mayAskAgain: boolean,
): Promise<Attempt> {
  const { tailnet } = context;
  const state = tailnet.state();
  const proxy = tailnet.socksAddress();
  if (state.kind !== 'running' || proxy === undefined) {
    return failed(
      tailnetDown(plan, state.kind === 'running' ? 'tailscaled is not up' : state.detail),
    );
  }
  const ip = plan.ip ?? '';
  const startedMs = performance.now();
  const connection = openConnection({ addresses: [proxy.host], port: proxy.port, isFixed });
  const target = { host: ip, port: plan.port };
  const result = await socksConnect(connection, target, { timeoutMs, signal });
  const isQuick = performance.now() - startedMs < NO_ANSWER_AFTER_MS;
  if (result.kind === 'aborted') return failed(clientGone());
  if (result.kind === 'timeout') return failed(silent(plan, context.connectTimeoutMs));
  if (result.kind === 'malformed') {
    return failed(tailnetDown(plan, `its SOCKS port speaks no SOCKS5: ${result.detail}`));
  }
  if (result.kind !== 'answer') {
    return failed(tailnetDown(plan, `its SOCKS port does not answer (${result.code})`));
  }
  const reply = result.answer;
  if (reply === 0) {
    return { kind: 'connected', dialled: { kind: 'connected', connection, ip } };
  }
  if (isAhead) return failed(refused(plan));
  return afterRefusal({ reply, isQuick, mayAskAgain }, plan, signal, context);
}

interface Refusal {
  readonly reply: number;
  readonly isQuick: boolean;
  readonly mayAskAgain: boolean;
}

async function afterRefusal(
  { reply, isQuick, mayAskAgain }: Refusal,
  plan: Plan,
  signal: AbortSignal,
  { tailnet }: DialContext,
): Promise<Attempt> {
  if (reply === 5) return failed(refused(plan));
  if (reply === 3 || reply === 4) return failed(unreachable(plan, 'no route to it'));
  if (!isQuick) return { kind: 'silent' };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DIAGNOSIS_MS)]);
  const diagnosis = await tailnet.diagnose(plan.ip ?? '', plan.port, limit).catch(() => undefined);
  if (signal.aborted) return failed(clientGone());
  switch (diagnosis?.kind) {
    case 'unreachable': {
      return failed(unreachable(plan, diagnosis.detail));
    }
    case 'no_answer': {
      return { kind: 'silent' };
    }
    case 'alive': {
      // It answers by now: a refusal that was only momentary is not worth a failed run.
      return mayAskAgain ? { kind: 'silent' } : failed(refused(plan));
    }
    default: {
      return failed(refused(plan));
    }
  }
}

function failed(failure: Failure): Attempt {
  return { kind: 'failed', failure };
}
