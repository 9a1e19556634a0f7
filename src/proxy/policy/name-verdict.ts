/**
 * What the rules say of a name whatever its addresses turn out to be: a name that is denied anyway is not
 * to be told to a resolver.
 */
import { ruleIsForPort, RuleIndex } from './rule-index.ts';
import type { Facts } from './rule-index.ts';
import type { ClientCondition } from './client-condition.ts';
import type { Rule } from './rules.ts';

type PolicyRule = Rule & { readonly client?: ClientCondition };

export interface NameTarget {
  /** In lower case, without a trailing dot; a name, not an address, and none that a node has. */
  readonly host: string;
  readonly port: number;
  /** Where the client asked for one tailnet alone. */
  readonly tailnet?: string | undefined;
  /** The name may lead to any node, and rules that name the node then match it. */
  readonly isNode: (name: string) => boolean;
  readonly hasNodeUnder: (suffix: string) => boolean;
}

/** The first rule that matches the target at whichever address, by whatever way, for whoever asks. */
export function alwaysMatching<Indexed extends PolicyRule>(
  index: RuleIndex<Indexed>,
  target: NameTarget,
): Indexed | undefined {
  return index.find(
    factsOfName(target, false),
    (rule) => rule.scope === 'any' && rule.client === undefined,
  );
}

/** Tells whether there may be an address at which one of the rules matches the target. */
export function mayMatch(rules: readonly PolicyRule[]): (target: NameTarget) => boolean {
  // Which tailnet it will be is not known yet.
  const index = new RuleIndex(rules.map((rule) => ({ ...rule, tailnet: '' })));
  // No node is reached directly, so a rule for direct targets matches none by its name or tag.
  const others = rules.filter(({ scope, host }) => scope !== 'direct' || isOfAddress(host));
  const ofAnyName = others.filter(({ host }) => isOfAddress(host) || host.kind === 'tag');
  return (target) =>
    [true, false].some((isDirect) => index.find(factsOfName(target, isDirect)) !== undefined) ||
    ofAnyName.some((rule) => ruleIsForPort(rule, target.port)) ||
    others.some((rule) => ruleIsForPort(rule, target.port) && mayNameNode(rule, target));
}

function factsOfName({ host, port, tailnet }: NameTarget, isDirect: boolean): Facts {
  const nothing = { ip: undefined, address: undefined, carried: undefined, node: undefined };
  return { ...nothing, names: [host], port, tailnet, isDirect };
}

function isOfAddress({ kind }: Rule['host']): boolean {
  return kind === 'address' || kind === 'prefix';
}

function mayNameNode({ host }: Rule, target: NameTarget): boolean {
  if (host.kind === 'name') return target.isNode(host.name);
  if (host.kind === 'peer') return target.isNode(host.peer);
  return host.kind === 'suffix' && target.hasNodeUnder(host.suffix);
}
