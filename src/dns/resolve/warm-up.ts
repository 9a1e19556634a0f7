import type { Acquaintances } from './reachability.ts';
import { canonicalLiteral } from './literal.ts';
import type { Netmap } from '../index/netmap.ts';

const MAX_PEERS = 8;

/** Waits, briefly, until the peers that split DNS asks know this node. */
export async function warmUp(acquaintances: Acquaintances, netmap: Netmap): Promise<void> {
  const peers = new Set<string>();
  for (const resolver of netmap.ownership.resolvers) {
    const ip = canonicalLiteral(hostOf(resolver));
    const owner = ip === undefined ? undefined : netmap.ownerOf(ip);
    const address =
      owner?.kind === 'peer' || owner?.kind === 'subnet' ? owner.peer.addresses[0] : undefined;
    if (address !== undefined && peers.size < MAX_PEERS) peers.add(address);
  }
  await Promise.all([...peers].map((address) => acquaintances.meet(address)));
}

/** `10.0.0.53`, `10.0.0.53:53`, `[fd00::53]:53`, `http://100.64.0.2:80/dns-query` → the address. */
function hostOf(resolver: string): string {
  const authority = /^[a-z]+:\/\/([^/]*)/.exec(resolver)?.[1] ?? resolver;
  return /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(authority)?.slice(1).find(Boolean) ?? authority;
}
