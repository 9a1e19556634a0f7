/** What the policy says of a target, in words. */
import { isMetadataEndpoint } from '../../ip/special-ranges.ts';
import type { SpecialRange } from '../../ip/special-ranges.ts';
import type { PolicyMode } from '../core/request-record.ts';
import type { RuleText } from './rules.ts';

export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'would_deny';
  /** Text and place, e.g. `tag:db:5432 (SPACETAIL_ALLOW[2])`; `null` when no rule decided. */
  readonly rule: string | null;
  /** A sentence without its full stop. */
  readonly reason: string;
  /** What `Proxy-Status` says when `decision` is `deny`. */
  readonly error: 'http_request_denied' | 'destination_ip_prohibited';
  /** A service of the cloud is denied: so is every name that has its address among others. */
  readonly isOfCloud?: true;
  /** A sentence that says what to set to be let through; '' for `allow`. */
  readonly hint: string;
}

export interface Settings {
  readonly mode: PolicyMode;
  readonly metadata: 'allow' | 'deny';
  /** Somebody wrote an allow list: what it does not name is denied. */
  readonly isRestricted: boolean;
}

interface Destination {
  readonly host: string;
  readonly written?: string;
  readonly ip: string | undefined;
  readonly port: number;
}

export function allowedByRule(rule: RuleText): Verdict {
  return allowed(nameOf(rule), `the rule ${nameOf(rule)} allows it`);
}

export function allowedByDefault(isMetadata: boolean): Verdict {
  return isMetadata
    ? allowed(null, 'a credential endpoint of the cloud is allowed while there is no allow list')
    : allowed(null, 'no rule denies it');
}

export function deniedByRule(rule: RuleText, mode: PolicyMode): Verdict {
  return {
    decision: mode === 'enforce' ? 'deny' : 'would_deny',
    rule: nameOf(rule),
    reason: `the rule ${nameOf(rule)} forbids it`,
    error: 'http_request_denied',
    hint: `A deny rule wins over every allow rule: narrow or remove the one at ${rule.place}.`,
  };
}

/** There is an allow list and nothing in it matches. */
export function deniedByAbsence(target: Destination, mode: PolicyMode): Verdict {
  const rule = ruleFor(target.host, target.port);
  return {
    decision: mode === 'enforce' ? 'deny' : 'would_deny',
    rule: null,
    reason: `no allow rule matches ${rule}`,
    error: 'http_request_denied',
    hint: `Add ${rule} to SPACETAIL_ALLOW to allow it.`,
  };
}

/** The same in every mode. */
export function deniedAsSpecial(
  target: Destination,
  special: SpecialRange,
  settings: Settings,
): Verdict {
  return {
    decision: 'deny',
    rule: null,
    reason: `${target.ip} ${special.why}`,
    error: 'destination_ip_prohibited',
    hint: hintForSpecial(target, settings),
    ...(special.isCloud && { isOfCloud: true }),
  };
}

function hintForSpecial({ host, written, ip, port }: Destination, settings: Settings): string {
  const rule = ruleFor(ip ?? host, port);
  if (!isMetadataEndpoint(written ?? host)) return `Set SPACETAIL_ALLOW_LOCAL=${rule} to allow it.`;
  if (settings.isRestricted) {
    return `With an allow list the credential endpoints need a rule too: add ${rule} to SPACETAIL_ALLOW.`;
  }
  return settings.metadata === 'deny'
    ? `SPACETAIL_METADATA=deny forbids it: unset that, or set SPACETAIL_ALLOW_LOCAL=${rule}.`
    : `It is allowed only by the host network: set SPACETAIL_ALLOW_LOCAL=${rule} to reach it so.`;
}

/** The rule that matches just this host and port. */
export function ruleFor(host: string, port: number): string {
  const bare = printable(host);
  return bare.includes(':') && !bare.startsWith('[') ? `[${bare}]:${port}` : `${bare}:${port}`;
}

function nameOf(rule: RuleText): string {
  return `${rule.text} (${rule.place})`;
}

function allowed(rule: string | null, reason: string): Verdict {
  return { decision: 'allow', rule, reason, error: 'http_request_denied', hint: '' };
}

/** A host is the client's text; these sentences end up in headers and on terminals. */
function printable(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '?');
}
