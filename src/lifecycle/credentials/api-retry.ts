import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, SpacetailError } from '../../errors.ts';
import type { ApiAnswer, ApiClient, ApiRequest } from './api-client.ts';

const firstDelayMs = 250;
const longestDelayMs = 5000;

/** An answer that may be another one in a moment: 429 and 5xx. */
class PassingAnswer extends Error {
  readonly retryAfterMs: number;
  constructor(answer: ApiAnswer) {
    super(`it answered ${answer.status}`);
    this.retryAfterMs = answer.retryAfterMs ?? 0;
  }
}

/** The innermost reason, e.g. `connect ECONNREFUSED 127.0.0.1:1`, or its code where it has no words. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) return reasonOf(inner.errors[0]);
  const message = messageOf(inner);
  return message === '' ? ((inner as NodeJS.ErrnoException).code ?? 'unknown reason') : message;
}

/**
 * Posts until there is an answer that will not change by waiting: network errors, 5xx and 429 (which says
 * when by Retry-After) are tried again until the signal.
 *
 * @throws {SpacetailError} `api_unreachable` when the time is over; else the signal's reason
 */
export async function postWithRetry(
  client: ApiClient,
  request: ApiRequest,
  baseUrl: string,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  const { default: pRetry } = await import('p-retry');
  let last = 'it did not answer';
  const once = async (): Promise<ApiAnswer> => {
    let answer: ApiAnswer;
    try {
      answer = await client.post(request, signal);
    } catch (error) {
      last = reasonOf(error);
      // p-retry takes some TypeErrors for mistakes of the program and would give up.
      throw new Error(last, { cause: error });
    }
    if (answer.status === 429 || answer.status >= 500) {
      const passing = new PassingAnswer(answer);
      last = passing.message;
      throw passing;
    }
    return answer;
  };
  try {
    return await pRetry(once, {
      retries: Infinity,
      minTimeout: firstDelayMs,
      maxTimeout: longestDelayMs,
      signal,
      async onFailedAttempt({ error, retryDelay }) {
        if (!(error instanceof PassingAnswer)) return;
        const furtherMs = error.retryAfterMs - retryDelay;
        if (furtherMs > 0) await sleep(furtherMs, undefined, { signal });
      },
    });
  } catch (error) {
    if (signal.aborted && (signal.reason as Error | undefined)?.name !== 'TimeoutError')
      throw signal.reason;
    const address = `${baseUrl}${request.path}`;
    throw new SpacetailError(
      'api_unreachable',
      `${address} gave no usable answer in time: ${last}`,
      { cause: error },
    );
  }
}
