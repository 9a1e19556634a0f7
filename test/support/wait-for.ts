import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** Longest time to wait, in milliseconds (20,000 by default). */
  deadlineMs?: number;
  /** Pause between two tries, in milliseconds (25 by default). */
  intervalMs?: number;
  /** What is waited for, in words: it ends up in the error. */
  what?: string;
  signal?: AbortSignal;
}

/**
 * Polls `condition` until it returns something truthy, and returns that. Only for states that
 * announce themselves by no event: where there is an event, await it instead.
 *
 * A condition that throws counts as "not yet"; its error is the `cause` of the final one.
 *
 * @throws Error after `deadlineMs`; the signal's reason when aborted.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<NonNullable<T>> {
  const { deadlineMs = 20_000, intervalMs = 25, what = 'the condition', signal } = options;
  const end = performance.now() + deadlineMs;
  let cause: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const value = await condition();
      if (value) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) {
      throw new Error(`${what} did not come true within ${deadlineMs} ms`, { cause });
    }
    await sleep(intervalMs, undefined, signal ? { signal } : undefined);
  }
}
