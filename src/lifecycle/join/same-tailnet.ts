import { SpacetailError } from '../../errors.ts';
import type { MemberNode } from './progress.ts';

/**
 * Two names for one tailnet, or two tailnets that call themselves the same: no name could be told apart.
 * @throws {SpacetailError} `config_invalid`
 */
export function refuseSameTailnet(nodes: readonly MemberNode[]): void {
  const bySuffix = new Map<string, string>();
  for (const { name, node } of nodes) {
    const other = bySuffix.get(node.suffix);
    if (other !== undefined && node.suffix !== '') {
      throw new SpacetailError(
        'config_invalid',
        `SPACETAIL_TAILNETS: ${other} and ${name} are the same tailnet: both have the suffix ${node.suffix}`,
        { hint: 'Give each its own credential, or take one of the two names out.' },
      );
    }
    bySuffix.set(node.suffix, name);
  }
}
