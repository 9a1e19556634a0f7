/**
 * Waits for `work`, but no longer than `limitMs`: what hangs or fails at the end of a run must not keep
 * the rest from being undone.
 * @returns its value, or undefined when it failed or took longer
 */
export async function within<T>(limitMs: number, work: Promise<T> | T): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), limitMs);
  try {
    return await Promise.race([Promise.resolve(work).catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
