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

/** OpenSSL's reasons for a certificate that is not accepted (tls, "X509 certificate error codes"): no waiting helps. */
const certificateCodes =
  /CERT|^SELF_SIGNED|^UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)|CRL|^HOSTNAME_MISMATCH$|^INVALID_(?:CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$/;

function isAboutCertificate(error: unknown): boolean {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const { code } = inner as NodeJS.ErrnoException;
    if (typeof code === 'string' && certificateCodes.test(code)) return true;
  }
  return false;
}

/** What a look-up has found out itself: no waiting helps. */
function toldIn(error: unknown): SpacetailError | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if (inner instanceof SpacetailError && inner.code === 'resolver_is_tailscale') return inner;
  return undefined;
}

/** The innermost reason, e.g. `connect ECONNREFUSED 127.0.0.1:1`, or its code where it has no words. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) return reasonOf(inner.errors[0]);
  if ((inner as Error | undefined)?.name === 'TimeoutError') return 'it did not answer';
  const message = messageOf(inner);
  return message === '' ? ((inner as NodeJS.ErrnoException).code ?? 'unknown reason') : message;
}

function notTrusted(address: string, reason: string, cause: unknown): SpacetailError {
  return new SpacetailError(
    'api_unreachable',
    `the certificate of ${address} is not accepted: ${reason}`,
    {
      hint: 'Set SSL_CERT_FILE or NODE_EXTRA_CA_CERTS to the CA that signed it, a proxy’s in between included; look at the clock where it is a matter of dates.',
      cause,
    },
  );
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
  const { default: pRetry, AbortError } = await import('p-retry');
  const address = `${baseUrl}${request.path}`;
  let last = 'it did not answer';
  const once = async (): Promise<ApiAnswer> => {
    let answer: ApiAnswer;
    try {
      answer = await client.post(request, signal);
    } catch (error) {
      last = reasonOf(error);
      const told = toldIn(error);
      if (told !== undefined) throw new AbortError(told);
      if (isAboutCertificate(error)) throw new AbortError(notTrusted(address, last, error));
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
    if (error instanceof SpacetailError) throw error;
    throw new SpacetailError(
      'api_unreachable',
      `${address} gave no usable answer in time: ${last}`,
      { cause: error },
    );
  }
}
