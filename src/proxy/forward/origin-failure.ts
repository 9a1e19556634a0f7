/** What it means that undici gave up. */
import type { Plan } from '../decide/decide.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';

const LENGTH_MISMATCH = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
/** What undici says of a 100 or 101 that nobody asked for. */
const UNREADABLE = new Set(['bad response', 'bad upgrade']);

/** @param status - what the client was answered already, if anything */
export function originFailure(error: Error, plan: Plan, status: number | undefined): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const who = `${plan.host}:${plan.port}`;
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return failure(
      'response_head_too_large',
      `${who} sent a head that is too large`,
      'Ask the service for fewer or shorter fields.',
    );
  }
  const isUnreadable =
    error.name === 'HTTPParserError' || code.startsWith('HPE_') || UNREADABLE.has(error.message);
  if (status === undefined && (isUnreadable || code === LENGTH_MISMATCH)) {
    const detail = `${who} did not answer in HTTP/1.1: ${error.message}`;
    return failure('response_malformed', detail, 'Check that the port speaks plain HTTP.');
  }
  if (status !== undefined) {
    return failure('response_cut', `${who} cut its response`, 'Try again; look at the service.');
  }
  return failure(
    'terminated',
    `${who} closed the connection before it answered`,
    'Check that the port speaks plain HTTP, and the log of the service.',
  );
}
