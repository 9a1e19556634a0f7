/** What the policy says of a target before it has an address. */
import { canonicalAddress } from '../../ip/addresses.ts';
import type { Authority } from '../core/authority.ts';
import { hostForLog } from '../core/authority.ts';
import type { DecideContext } from './candidates.ts';
import type { Verdict } from '../policy/policy.ts';
import type { Tailnet } from '../../tailnet.ts';

export type NameContext = Pick<DecideContext, 'tailnet' | 'policy'>;

/**
 * The denial that every address of the name would meet, or `undefined`: where it depends, for an address, which
 * is judged as such, and for a node's name, which is resolved without asking anybody.
 */
export function verdictOnName(
  { host: written, port }: Authority,
  { tailnet, policy }: NameContext,
  /** The client asked for this tailnet alone. */
  only?: Tailnet,
): Verdict | undefined {
  const host = hostForLog(written);
  const isNode = (name: string): boolean => tailnet.peerNamed(name) !== undefined;
  if (canonicalAddress(written) !== undefined || isNode(host)) return undefined;
  return policy.judgeName({
    host,
    port,
    tailnet: only?.name,
    isNode,
    hasNodeUnder: (suffix) => tailnet.hasNodeUnder(suffix),
  });
}
