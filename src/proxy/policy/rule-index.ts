/** Rules indexed by what they name, so that a thousand of them cost a few look-ups. */
import { addressOf, formatAddress } from '../../ip/addresses.ts';
import type { Address } from '../../ip/addresses.ts';
import { PrefixMap } from '../../ip/prefix-map.ts';
import { carriedIPv4 } from '../../ip/special-ranges.ts';
import type { Rule } from './rules.ts';
import type { Owner, Peer } from '../../tailnet.ts';

/** What rules are matched on. */
export interface RuleTarget {
  /** As the client wrote it, in lower case and without a trailing dot; an IP is NOT made canonical. */
  readonly host: string;
  /** The address that is dialled, a canonical literal; `undefined` before it is known. */
  readonly ip: string | undefined;
  readonly port: number;
  readonly owner: Owner | undefined;
  readonly route: 'tailnet' | 'subnet' | 'exit' | 'direct';
  /** The node that the host names; counts only while no address is known. */
  readonly peer: Peer | undefined;
  /** Name of the tailnet that it is dialled in; `undefined` for the host network. */
  readonly tailnet?: string | undefined;
}

/** What a target says about itself, worked out once for all lists. */
export interface Facts {
  readonly names: readonly string[];
  readonly ip: string | undefined;
  readonly address: Address | undefined;
  /** The IPv4 address that `address` leads to by NAT64, translation or 4via6: rules for it match too. */
  readonly carried: Address | undefined;
  readonly port: number;
  readonly node: Peer | undefined;
  readonly isDirect: boolean;
  readonly tailnet: string | undefined;
  /** What the names lie below: `b.c` and `c` for `a.b.c`; made by the first list that asks. */
  suffixes?: readonly string[];
}

export function factsOf(target: RuleTarget): Facts {
  const { owner, ip } = target;
  const address = ip === undefined ? undefined : addressOf(ip);
  // A subnet router is not the hosts behind it: its names and tags say nothing about them.
  const named = ip === undefined && owner === undefined ? target.peer : undefined;
  const node = owner?.kind === 'peer' ? owner.peer : named;
  return {
    names: node === undefined ? [target.host] : [target.host, ...node.names],
    ip,
    address,
    carried: address && carriedIPv4(address)?.address,
    port: target.port,
    node,
    tailnet: target.tailnet,
    isDirect: target.route === 'direct' && (owner === undefined || owner.kind === 'subnet'),
  };
}

interface Ranked<Indexed> {
  readonly rule: Indexed;
  readonly rank: number;
}

type Buckets<Indexed> = Map<string, Ranked<Indexed>[]>;

/** One list of rules. */
export class RuleIndex<Indexed extends Rule> {
  readonly size: number;
  /** For `**`. */
  readonly #all: Ranked<Indexed>[] = [];
  readonly #byName: Buckets<Indexed> = new Map();
  readonly #bySuffix: Buckets<Indexed> = new Map();
  readonly #byAddress: Buckets<Indexed> = new Map();
  readonly #byTag: Buckets<Indexed> = new Map();
  readonly #byPeer: Buckets<Indexed> = new Map();
  readonly #prefixes = new PrefixMap<Ranked<Indexed>[]>();

  constructor(rules: readonly Indexed[]) {
    this.size = rules.length;
    for (const [rank, rule] of rules.entries()) this.#add({ rule, rank });
  }

  /** The first rule in the list's order that matches and that `accepts` agrees to. */
  find(facts: Facts, accepts: (rule: Indexed) => boolean = () => true): Indexed | undefined {
    if (this.size === 0) return undefined;
    let best = firstOf(this.#all, facts, accepts, undefined);
    // Loops, not generators, and no key that is put together: each request comes through here.
    const look = (buckets: Buckets<Indexed>, key: string): void => {
      const bucket = buckets.get(key);
      if (bucket !== undefined) best = firstOf(bucket, facts, accepts, best);
    };
    if (this.#byName.size > 0) for (const name of facts.names) look(this.#byName, name);
    if (this.#bySuffix.size > 0)
      for (const suffix of (facts.suffixes ??= suffixesOf(facts.names)))
        look(this.#bySuffix, suffix);
    if (facts.ip !== undefined && this.#byAddress.size > 0) {
      look(this.#byAddress, facts.ip);
      if (facts.carried !== undefined) look(this.#byAddress, formatAddress(facts.carried));
    }
    const { node } = facts;
    if (node !== undefined) {
      if (this.#byTag.size > 0) for (const tag of node.tags) look(this.#byTag, tag);
      if (this.#byPeer.size > 0) {
        look(this.#byPeer, node.shortName);
        for (const name of node.names) look(this.#byPeer, name);
      }
    }
    if (this.#prefixes.size > 0)
      for (const address of [facts.address, facts.carried])
        if (address !== undefined)
          best = firstOf(this.#prefixes.around(address).flat(), facts, accepts, best);
    return best?.rule;
  }

  #add(entry: Ranked<Indexed>): void {
    const { host } = entry.rule;
    if (host.kind === 'prefix')
      this.#prefixes.set(host.prefix, [...(this.#prefixes.get(host.prefix) ?? []), entry]);
    else if (host.kind === 'all') this.#all.push(entry);
    else if (host.kind === 'name') file(this.#byName, host.name, entry);
    else if (host.kind === 'suffix') file(this.#bySuffix, host.suffix, entry);
    else if (host.kind === 'address') file(this.#byAddress, host.ip, entry);
    else if (host.kind === 'tag') file(this.#byTag, host.tag, entry);
    else file(this.#byPeer, host.peer, entry);
  }
}

function file<Indexed>(buckets: Buckets<Indexed>, key: string, entry: Ranked<Indexed>): void {
  const bucket = buckets.get(key);
  if (bucket === undefined) buckets.set(key, [entry]);
  else bucket.push(entry);
}

/** Of what `best` is not already before. */
function firstOf<Indexed extends Rule>(
  entries: readonly Ranked<Indexed>[],
  facts: Facts,
  accepts: (rule: Indexed) => boolean,
  best: Ranked<Indexed> | undefined,
): Ranked<Indexed> | undefined {
  let first = best;
  for (const entry of entries) {
    if (first !== undefined && entry.rank > first.rank) continue;
    if (matchesPortAndScope(entry.rule, facts) && accepts(entry.rule)) first = entry;
  }
  return first;
}

function suffixesOf(names: readonly string[]): string[] {
  const suffixes: string[] = [];
  for (const name of names)
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1))
      suffixes.push(name.slice(dot + 1));
  return suffixes;
}

export function ruleIsForPort(rule: Rule, port: number): boolean {
  return port >= rule.fromPort && port <= rule.toPort;
}

function matchesPortAndScope(rule: Rule, facts: Facts): boolean {
  if (!ruleIsForPort(rule, facts.port)) return false;
  if (rule.tailnet && rule.tailnet !== facts.tailnet) return false;
  return rule.scope === 'any' || (rule.scope === 'direct') === facts.isDirect;
}
