import type { Resolution } from '../types.ts';

const RESOLVE_TIMEOUT_MS = 5_000;

/** The caller's signal rejects; our own limit is an answer. The questions end by themselves. */
export async function withinTime(
  asking: Promise<Resolution>,
  host: string,
  owned: boolean,
  signal: AbortSignal,
): Promise<Resolution> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const limit = new Promise<Resolution>((resolve, reject) => {
    const detail = `no answer within ${RESOLVE_TIMEOUT_MS / 1000} s`;
    timer = setTimeout(
      () => resolve({ kind: 'no_answer', host, owned, detail }),
      RESOLVE_TIMEOUT_MS,
    );
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  asking.catch(() => {});
  try {
    return await Promise.race([asking, limit]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
