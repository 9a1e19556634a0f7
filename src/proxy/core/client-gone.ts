import type { Failure } from './failure.ts';
import { failure } from './failure.ts';

/** The client ended its connection before it had an answer. Nobody reads this but the access log. */
export function clientGone(): Failure {
  return failure(
    'client_gone',
    'the client went away before it had an answer',
    'Raise the time limit of the client.',
  );
}
