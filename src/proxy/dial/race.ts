/**
 * Happy Eyeballs (RFC 8305) over addresses that are judged already: families interleaved, the next 250 ms after the one
 * before or as soon as that has failed, at most 4 under way. The first that connects wins, the others are closed.
 */
import { isIPv6 } from 'node:net';
import { pause } from '../../async.ts';
import type { Failure } from '../core/failure.ts';
import { discard } from './connection.ts';
import type { Dialled } from './dial-context.ts';

/** Connection Attempt Delay, RFC 8305 section 5. */
const NEXT_AFTER_MS = 250;
const MOST_AT_ONCE = 4;

export interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Never rejects; settles soon after its signal has aborted. `onSetback` lets the next start at once. */
export type Attempt = (ip: string, limits: Limits, onSetback: () => void) => Promise<Dialled>;

export interface Loss {
  readonly ip: string;
  readonly failure: Failure;
}

export type Raced =
  | {
      readonly kind: 'won';
      readonly dialled: Extract<Dialled, { kind: 'connected' }>;
      readonly tried: number;
    }
  /** All were tried and have failed, or the signal has aborted. In the order in which they failed. */
  | { readonly kind: 'lost'; readonly losses: readonly Loss[]; readonly tried: number };

/** All are tried within `timeoutMs`: of more than four, each gets its share of it. Never rejects. */
export async function race(
  addresses: readonly string[],
  attempt: Attempt,
  { timeoutMs, signal }: Limits,
): Promise<Raced> {
  const inOrder = interleave(addresses);
  const endMs = performance.now() + timeoutMs;
  const over = new AbortController();
  const ended = AbortSignal.any([signal, over.signal]);
  const underWay = new Set<Promise<void>>();
  const losses: Loss[] = [];
  let winner: Extract<Dialled, { kind: 'connected' }> | undefined;
  let tried = 0;

  /** Ends the wait before the next. */
  let wake = new AbortController();

  const run = async (ip: string, limitMs: number): Promise<void> => {
    const limits = { timeoutMs: limitMs, signal: ended };
    const dialled = await attempt(ip, limits, () => wake.abort());
    if (dialled.kind === 'failed') losses.push({ ip, failure: dialled.failure });
    else if (winner === undefined && !ended.aborted) winner = dialled;
    else discard(dialled.connection);
    wake.abort();
  };
  /** Settles when the next may start. */
  const start = async (ip: string): Promise<void> => {
    const left = inOrder.length - tried;
    const leftMs = endMs - performance.now();
    tried += 1;
    wake = new AbortController();
    const one = run(ip, leftMs / Math.ceil(left / MOST_AT_ONCE));
    underWay.add(one);
    void one.then(() => underWay.delete(one));
    await pause(Math.min(NEXT_AFTER_MS, leftMs / left), wake.signal);
  };

  const isOver = (): boolean => winner !== undefined || signal.aborted;

  for (const ip of inOrder) {
    if (underWay.size >= MOST_AT_ONCE) await Promise.race(underWay);
    if (isOver()) break;
    await start(ip);
  }
  while (!isOver() && underWay.size > 0) await Promise.race(underWay);
  over.abort();
  return winner === undefined
    ? { kind: 'lost', losses, tried }
    : { kind: 'won', dialled: winner, tried };
}

/** The family of the first address first, then in turn (RFC 8305 section 4); else as given. */
export function interleave(addresses: readonly string[]): string[] {
  const isSame = (ip: string): boolean => isIPv6(ip) === isIPv6(addresses[0] ?? '');
  const first = addresses.filter(isSame);
  const other = addresses.filter((ip) => !isSame(ip));
  return Array.from({ length: Math.max(first.length, other.length) }, (_, at) => at).flatMap((at) =>
    [first[at], other[at]].filter((ip) => ip !== undefined),
  );
}
