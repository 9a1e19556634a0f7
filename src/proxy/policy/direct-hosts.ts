/** SPACETAIL_DIRECT: hosts that never belong to a tailnet. */
import { SpacetailError } from '../../errors.ts';
import { canonicalAddress } from '../../ip/addresses.ts';
import { factsOf, RuleIndex } from './rule-index.ts';
import type { Rule } from './rules.ts';

/**
 * @param rules - names, suffixes, addresses and CIDRs, without ports
 * @returns tells of a name (any case, trailing dot or not) or an IP in any spelling whether a rule names it
 * @throws SpacetailError `config_invalid` for a rule with a port, a scope, a tag or a peer
 */
export function matchesDirect(rules: readonly Rule[]): (hostOrIp: string) => boolean {
  for (const rule of rules) refuseMore(rule);
  if (rules.length === 0) return () => false;
  const index = new RuleIndex(rules);
  return (hostOrIp) => {
    const ip = canonicalAddress(hostOrIp);
    const host = ip ?? hostOrIp.toLowerCase().replace(/\.$/, '');
    const target = {
      host,
      ip,
      port: 1,
      owner: undefined,
      peer: undefined,
      route: 'direct',
    } as const;
    return index.find(factsOf(target)) !== undefined;
  };
}

function refuseMore(rule: Rule): void {
  const { host, scope, fromPort, toPort } = rule;
  const isPlain = host.kind !== 'tag' && host.kind !== 'peer' && scope === 'any';
  if (isPlain && fromPort === 1 && toPort === 65_535) return;
  const accepted =
    'A host here is a name, *.suffix, ** (all), an IP, [IPv6] or a CIDR, without a port.';
  throw new SpacetailError(
    'config_invalid',
    `${rule.place}: ${JSON.stringify(rule.text)} says more than a host. ${accepted}`,
    {
      hint: accepted,
    },
  );
}
