/** Decisions on requests that were refused before anything was found out about them. */
import type { Decision, Findings } from '../decide/decide.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';

export function stopping(): Failure {
  return failure('shutting_down', 'the bridge is being stopped', 'Run `spacetail up` again.');
}

export function unreadable(): Decision {
  return refusal(failure('malformed', 'the request has no readable target', 'Send host:port.'));
}

export function refusal(failed: Failure): Decision {
  return { kind: 'refuse', failure: failed, findings: NOTHING_FOUND };
}

const NOTHING_FOUND: Findings = {
  via: 'direct',
  ip: undefined,
  owner: undefined,
  peer: undefined,
  source: undefined,
  verdict: undefined,
  because: 'it was refused before',
  isRouted: false,
};
