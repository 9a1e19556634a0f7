/** Waiting with a limit. Nothing here leaves a timer or a listener behind. */

/** Resolves after `ms`, or at once when the signal is or gets aborted. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => {
    resolve();
  };
  const timer = setTimeout(wake, ms);
  signal.addEventListener('abort', wake);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
}

/**
 * What `work` comes to, if it does within `limitMs` and before the signal aborts; it goes on by itself
 * otherwise. Rejects as `work` does, but not after the limit.
 *
 * @returns `undefined` where it took too long
 */
export async function within<Result>(
  limitMs: number,
  work: Promise<Result> | Result,
  signal?: AbortSignal,
): Promise<Result | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const giveUp = (): void => {
    resolve(undefined);
  };
  const timer = setTimeout(giveUp, limitMs);
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted === true) giveUp();
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

/** Runs `work` with a signal that aborts with `signal` or after `limitMs`. Rejects as `work` does. */
export async function withDeadline<Result>(
  signal: AbortSignal,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onAbort = (): void => {
    controller.abort(signal.reason);
  };
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`not done within ${limitMs} ms`, 'TimeoutError'));
  }, limitMs);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
