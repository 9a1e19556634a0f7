/**
 * Dials through tailscaled, and nowhere else: in no state does a tailnet address leave by the host network. What a
 * failure means comes from what tailscaled says, from the peer's state and, where needed, from one question to LocalAPI.
 */
import { clientGone } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';
import { discard } from './connection.ts';
import type { AttemptOptions, DialContext, Dialled } from './dial-context.ts';
import type { Failure } from '../core/failure.ts';
import { pause } from '../../async.ts';
import {
  expired,
  noLongerThere,
  offline,
  refused,
  silent,
  tailnetDown,
  unreachable,
} from './failures.ts';
import { byLocalApi } from './local-api-dial.ts';
import { bySocks } from './tailscaled.ts';
import type { AskTailscaled, TailscaledAnswer } from './tailscaled.ts';
import type { Tailnet } from '../../tailnet.ts';

const DIAGNOSIS_MS = 1500;
/** How long an offline peer may prove that it is not. */
const OFFLINE_GRACE_MS = 1500;
const BETWEEN_ATTEMPTS_MS = 200;
/** So long after its join a node may still be news to a peer: control servers spread it in 33 s at worst. */
export const NEWBORN_MS = 45_000;

type TailnetContext = Pick<DialContext, 'tailnet'>;

type Asked =
  | Dialled
  /** No answer from the peer; may be tried again. */
  | { readonly kind: 'silent' };

/** Dials `plan.ip` alone; at most `timeoutMs` for all that it asks tailscaled. */
export async function dialTailnet(
  plan: Plan,
  options: AttemptOptions,
  context: TailnetContext,
): Promise<Dialled> {
  const { hop } = plan;
  if (hop?.keyExpired === true) return failed(expired(hop));
  if (hop?.online === false) return dialOffline(plan, options, context);
  const [address] = hop?.addresses ?? [];
  if (address !== undefined && context.tailnet.state().kind === 'running') {
    const met = context.tailnet.meet(address);
    // A packet that comes before the peer has heard of this node costs WireGuard's 5 s until the next handshake; a disco
    // ping costs nothing, and tells when it has.
    if (isNewborn(context.tailnet)) await met;
  }
  return dialUntilDeadline(plan, options, context);
}

function isNewborn(tailnet: Tailnet): boolean {
  const joinedAtMs = tailnet.joinedAtMs();
  return joinedAtMs !== undefined && performance.now() - joinedAtMs < NEWBORN_MS;
}

/** Control says the peer is offline, which may be old news: dial and disco ping race for a moment. */
async function dialOffline(
  plan: Plan,
  options: AttemptOptions,
  context: TailnetContext,
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
    return failed(options.signal.aborted ? clientGone() : offline(hop, plan));
  } finally {
    ended.abort();
    options.signal.removeEventListener('abort', onAbort);
  }
}

async function dialUntilDeadline(
  plan: Plan,
  options: AttemptOptions,
  context: TailnetContext,
): Promise<Dialled> {
  const { signal, timeoutMs } = options;
  const deadline = performance.now() + timeoutMs;
  let mayAskAgain = true;
  for (;;) {
    const leftMs = deadline - performance.now();
    if (signal.aborted) return failed(clientGone());
    if (leftMs <= 0) return failed(silent(plan, timeoutMs));
    const asked = await askOnce(plan, { ...options, leftMs, mayAskAgain }, context);
    if (asked.kind !== 'silent') return asked;
    if (options.isAhead === true) return failed(silent(plan, timeoutMs));
    mayAskAgain = false;
    await pause(Math.min(BETWEEN_ATTEMPTS_MS, Math.max(0, deadline - performance.now())), signal);
  }
}

interface OnceOptions extends AttemptOptions {
  readonly leftMs: number;
  readonly mayAskAgain: boolean;
}

async function askOnce(
  plan: Plan,
  options: OnceOptions,
  { tailnet }: TailnetContext,
): Promise<Asked> {
  const { isFixed, signal, timeoutMs, leftMs, isAhead = false } = options;
  const state = tailnet.state();
  if (state.kind !== 'running') return failed(tailnetDown(plan, state.detail));
  const ask = askerOf(tailnet);
  if (ask === undefined) return failed(tailnetDown(plan, 'tailscaled is not up'));
  const ip = plan.ip ?? '';
  const answer = await ask({ ip, port: plan.port }, { isFixed, signal, timeoutMs: leftMs });
  if (answer.kind === 'silent') return answer;
  if (answer.kind === 'connected') {
    if (isStillThere(plan, tailnet))
      return { kind: 'connected', connection: answer.connection, ip };
    discard(answer.connection);
    return failed(noLongerThere(plan));
  }
  if (answer.kind === 'unexplained') {
    if (isAhead) return failed(refused(plan));
    options.onSetback?.();
    return explain(plan, options, tailnet);
  }
  return failed(failureOf(answer, plan, timeoutMs));
}

type Unconnected = Exclude<
  TailscaledAnswer,
  { kind: 'connected' } | { kind: 'silent' } | { kind: 'unexplained' }
>;

function failureOf(answer: Unconnected, plan: Plan, timeoutMs: number): Failure {
  switch (answer.kind) {
    case 'refused': {
      return refused(plan);
    }
    case 'unreachable': {
      return unreachable(plan, answer.detail);
    }
    case 'not_tailnet': {
      return noLongerThere(plan);
    }
    case 'down': {
      return tailnetDown(plan, answer.detail);
    }
    case 'timeout': {
      return silent(plan, timeoutMs);
    }
    default: {
      return clientGone();
    }
  }
}

function askerOf(tailnet: Tailnet): AskTailscaled | undefined {
  const place = tailnet.dialPlace();
  if (place === undefined) return undefined;
  return 'path' in place ? byLocalApi(place.path) : bySocks(place);
}

/**
 * Whether the netmap still leads the address where the plan does. Where a peer or a route goes while it is asked,
 * tailscaled dials by the host network: such an answer does not count.
 */
function isStillThere({ via, ip = '' }: Plan, tailnet: Tailnet): boolean {
  const owner = tailnet.ownerOf(ip);
  if (via === 'exit') return owner !== undefined || tailnet.exitNode() !== undefined;
  if (owner?.kind === 'subnet') return owner.accepted;
  return owner?.kind === 'peer' || owner?.kind === 'self';
}

/** Asks LocalAPI why tailscaled's SOCKS port has failed at once. */
async function explain(
  plan: Plan,
  { signal, mayAskAgain }: OnceOptions,
  tailnet: Tailnet,
): Promise<Asked> {
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

function failed(failure: Failure): Extract<Dialled, { kind: 'failed' }> {
  return { kind: 'failed', failure };
}
