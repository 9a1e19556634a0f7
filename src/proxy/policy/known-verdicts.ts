/** The last verdict for each host, for as long as nothing else about the target changes. */
import { LastByHost } from '../../last-by-host.ts';
import type { Owner } from '../../tailnet.ts';
import type { RuleTarget } from './rule-index.ts';
import type { Verdict } from './verdict.ts';

/** A DNS name's; a host is the client's text. */
const longestHost = 253;

export class KnownVerdicts<Target extends RuleTarget> extends LastByHost<Target, Verdict> {
  /** @param judge - of the fields of `RuleTarget` alone, and for good: rules do not change, nor does a node of a netmap */
  constructor(judge: (target: Target) => Verdict) {
    super({ make: judge, isAlike, isSmall: ({ host }) => host.length <= longestHost });
  }
}

/** In all that rules are matched on but the host. */
function isAlike(one: RuleTarget, other: RuleTarget): boolean {
  return (
    one.ip === other.ip &&
    one.port === other.port &&
    one.route === other.route &&
    one.peer === other.peer &&
    one.tailnet === other.tailnet &&
    isSameOwner(one.owner, other.owner)
  );
}

/** The next netmap has other objects for its nodes. */
function isSameOwner(one: Owner | undefined, other: Owner | undefined): boolean {
  return one?.kind === other?.kind && peerOf(one) === peerOf(other);
}

function peerOf(owner: Owner | undefined): unknown {
  return owner !== undefined && 'peer' in owner ? owner.peer : undefined;
}
