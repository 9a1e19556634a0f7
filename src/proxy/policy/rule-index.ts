/** Rules indexed by what they name, so that a thousand of them cost a few look-ups. */
import { addressBytes, PrefixTree } from './prefixes.ts';
import type { Rule } from '../rules.ts';
import type { Owner, Peer } from '../tailnet.ts';

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
}

/** What a target says about itself, worked out once for all lists. */
export interface Facts {
  readonly names: readonly string[];
  readonly ip: string | undefined;
  readonly bytes: readonly number[] | undefined;
  readonly port: number;
  readonly node: Peer | undefined;
  readonly isDirect: boolean;
  /** What rules with a name, an address, a tag or a node are filed under; made by the first list that asks. */
  keys?: readonly string[];
}

export function factsOf(target: RuleTarget): Facts {
  const { owner, ip } = target;
  // A subnet router is not the hosts behind it: its names and tags say nothing about them.
  const named = ip === undefined && owner === undefined ? target.peer : undefined;
  const node = owner?.kind === 'peer' ? owner.peer : named;
  return {
    names: node === undefined ? [target.host] : [target.host, ...node.names],
    ip,
    bytes: ip === undefined ? undefined : addressBytes(ip),
    port: target.port,
    node,
    isDirect: target.route === 'direct' && (owner === undefined || owner.kind === 'subnet'),
  };
}

interface Ranked<Indexed> {
  readonly rule: Indexed;
  readonly rank: number;
}

/** One list of rules. */
export class RuleIndex<Indexed extends Rule> {
  readonly size: number;
  readonly #byText = new Map<string, Ranked<Indexed>[]>();
  readonly #prefixes = new PrefixTree<Ranked<Indexed>>();

  constructor(rules: readonly Indexed[]) {
    this.size = rules.length;
    for (const [rank, rule] of rules.entries()) this.#add({ rule, rank });
  }

  /** The first rule in the list's order that matches and that `accepts` agrees to. */
  find(facts: Facts, accepts: (rule: Indexed) => boolean = () => true): Indexed | undefined {
    if (this.size === 0) return undefined;
    let best: Ranked<Indexed> | undefined;
    // Loops, not generators: each request comes through here.
    for (const key of (facts.keys ??= keysOf(facts))) {
      const bucket = this.#byText.get(key);
      if (bucket !== undefined) best = firstOf(bucket, facts, accepts, best);
    }
    if (facts.bytes !== undefined)
      best = firstOf(this.#prefixes.around(facts.bytes), facts, accepts, best);
    return best?.rule;
  }

  #add(entry: Ranked<Indexed>): void {
    const { host } = entry.rule;
    if (host.kind === 'prefix') {
      this.#prefixes.add(host.prefix, entry);
      return;
    }
    const key = keyOf(host);
    const bucket = this.#byText.get(key);
    if (bucket === undefined) this.#byText.set(key, [entry]);
    else bucket.push(entry);
  }
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

function keyOf(host: Exclude<Rule['host'], { kind: 'prefix' }>): string {
  if (host.kind === 'all') return '**';
  if (host.kind === 'name') return `name ${host.name}`;
  if (host.kind === 'suffix') return `suffix ${host.suffix}`;
  if (host.kind === 'address') return `address ${host.ip}`;
  return host.kind === 'tag' ? host.tag : `peer ${host.peer}`;
}

function keysOf({ names, ip, node }: Facts): string[] {
  const keys = ['**'];
  for (const name of names) {
    keys.push(`name ${name}`);
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1))
      keys.push(`suffix ${name.slice(dot + 1)}`);
  }
  if (ip !== undefined) keys.push(`address ${ip}`);
  if (node === undefined) return keys;
  keys.push(...node.tags, `peer ${node.shortName}`);
  for (const name of node.names) if (name !== node.shortName) keys.push(`peer ${name}`);
  return keys;
}

export function ruleIsForPort(rule: Rule, port: number): boolean {
  return port >= rule.fromPort && port <= rule.toPort;
}

function matchesPortAndScope(rule: Rule, facts: Facts): boolean {
  if (!ruleIsForPort(rule, facts.port)) return false;
  return rule.scope === 'any' || (rule.scope === 'direct') === facts.isDirect;
}
