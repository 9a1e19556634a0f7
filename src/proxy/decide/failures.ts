/** Refusals as failures that a person can act on: a denial, a name without an address. */
import { hostForLog } from '../core/authority.ts';
import type { Authority } from '../core/authority.ts';
import { failure } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import type { Verdict } from '../policy/policy.ts';
import type { Resolution } from '../../tailnet.ts';

/** The target of a request as its answer names it. */
export function targetText({ written, port }: Authority): string {
  return `${hostForLog(written)}:${port}`;
}

/** What a client is told of a denial. */
export function deniedFailure(authority: Authority, verdict: Verdict): Failure {
  const kind = verdict.error === 'destination_ip_prohibited' ? 'ip_prohibited' : 'denied';
  return failure(kind, `${targetText(authority)} is denied: ${verdict.reason}`, verdict.hint);
}

/** How many near names are told. */
const SHOWN = 3;

export type Unresolved = Exclude<Resolution, { kind: 'resolved' }>;

export function explainResolution(resolution: Unresolved): Failure {
  const { kind, detail } = resolution;
  const host = hostForLog(resolution.host);
  if (kind === 'not_found') {
    return failure('name_unknown', sentence(host, 'does not exist', detail), hintFor(resolution));
  }
  if (kind === 'no_answer') {
    const says = sentence(host, 'was not resolved in time', detail);
    const hint = 'Check the resolvers: `spacetail resolve NAME` shows who was asked.';
    return failure('resolver_silent', says, hint);
  }
  return failure(
    'tailnet_unavailable',
    sentence(host, 'belongs to the tailnet, which cannot be asked now', detail),
    'See `spacetail status`; tailscaled is restarted by itself when it has ended.',
  );
}

function hintFor({ nearest, owned }: Extract<Resolution, { kind: 'not_found' }>): string {
  if (nearest.length > 0) return `Did you mean ${nearest.slice(0, SHOWN).join(', ')}?`;
  return owned
    ? 'Check the name with `spacetail resolve NAME`, and that the access rules let this node see it; a public name under a suffix of the tailnet has to be in SPACETAIL_DIRECT.'
    : 'Check the name; a name of the tailnet is written short or with its suffix.';
}

function sentence(host: string, says: string, detail: string): string {
  if (detail.startsWith(`${host} ${says}`)) return detail;
  return detail === '' ? `${host} ${says}` : `${host} ${says}: ${detail}`;
}
