/** What became of a request whose origin did not answer as it should. */
import { formatAuthority } from '../core/authority.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';

const who = ({ host, port }: Plan): string => formatAuthority(host, port);

export function unanswered(plan: Plan): Failure {
  const detail = `${who(plan)} closed the connection before it answered`;
  return failure(
    'terminated',
    detail,
    'Check that the port speaks HTTP, and the log of the service.',
  );
}

export function unreadable(plan: Plan, problem: string): Failure {
  const detail = `${who(plan)} did not answer in HTTP/1.1: ${problem}`;
  return failure('response_malformed', detail, 'Check that the port speaks plain HTTP.');
}

export function headTooLarge(plan: Plan): Failure {
  const detail = `${who(plan)} sent a head that is larger than 64 KB`;
  return failure('response_head_too_large', detail, 'Ask the service for fewer or shorter fields.');
}

/** @param problem - of its framing; else the connection ended too early */
export function cutShort(plan: Plan, problem: string | undefined): Failure {
  const detail = `${who(plan)} cut its response${problem === undefined ? '' : `: ${problem}`}`;
  return failure('response_cut', detail, 'Try again; look at the service.');
}
