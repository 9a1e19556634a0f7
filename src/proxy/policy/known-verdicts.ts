/** Verdicts on what was asked for last: most requests of a run go to a few destinations, again and again. */
import type { Owner } from '../tailnet.ts';
import type { RuleTarget } from './rule-index.ts';
import type { Verdict } from './verdict.ts';

const mostHosts = 256;
/** A DNS name's; a host is the client's text. */
const longestHost = 253;

interface Known<Target> {
  readonly target: Target;
  readonly verdict: Verdict;
}

/** The last verdict for each host, for as long as nothing else about the target changes. */
export class KnownVerdicts<Target extends RuleTarget> {
  readonly #judge: (target: Target) => Verdict;
  readonly #byHost = new Map<string, Known<Target>>();

  /** @param judge - of the fields of `RuleTarget` alone, and for good: rules do not change, nor does a node of a netmap */
  constructor(judge: (target: Target) => Verdict) {
    this.#judge = judge;
  }

  of(target: Target): Verdict {
    const known = this.#byHost.get(target.host);
    if (known !== undefined && isAlike(known.target, target)) return known.verdict;
    const verdict = this.#judge(target);
    if (target.host.length > longestHost) return verdict;
    if (this.#byHost.size >= mostHosts) this.#byHost.clear();
    this.#byHost.set(target.host, { target, verdict });
    return verdict;
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
