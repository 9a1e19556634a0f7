import { within } from '../../async.ts';
import type { Resolution } from '../../tailnet.ts';

const RESOLVE_TIMEOUT_MS = 5_000;

/** The caller's signal rejects; our own limit is an answer. The questions end by themselves. */
export async function withinTime(
  asking: Promise<Resolution>,
  host: string,
  owned: boolean,
  signal: AbortSignal,
): Promise<Resolution> {
  const answer = await within(RESOLVE_TIMEOUT_MS, asking, signal);
  if (answer !== undefined) return answer;
  signal.throwIfAborted();
  const detail = `no answer within ${RESOLVE_TIMEOUT_MS / 1000} s`;
  return { kind: 'no_answer', host, owned, detail };
}
