import { hostForLog } from '../core/authority.ts';
import type { Authority } from '../core/authority.ts';
import { failure } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import type { Verdict } from '../policy/policy.ts';

/** The target of a request as its answer names it. */
export function targetText({ written, port }: Authority): string {
  return `${hostForLog(written)}:${port}`;
}

/** What a client is told of a denial. */
export function deniedFailure(authority: Authority, verdict: Verdict): Failure {
  const kind = verdict.error === 'destination_ip_prohibited' ? 'ip_prohibited' : 'denied';
  return failure(kind, `${targetText(authority)} is denied: ${verdict.reason}`, verdict.hint);
}
