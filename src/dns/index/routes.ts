/** Which peer serves which subnet, from AllowedIPs and PrimaryRoutes. */
import { PrefixMap } from '../../ip/prefix-map.ts';
import { parsePrefix, type Prefix } from '../../ip/prefixes.ts';
import { isNobodysInTailnet, mayBeNode } from '../../ip/special-ranges.ts';
import type { IndexedNode } from './nodes.ts';

/** Shorter ones are an exit node's, or an attempt to swallow the internet in halves. */
const MIN_IPV4_BITS = 8;
const MIN_IPV6_BITS = 7;

export interface Route {
  readonly prefix: string;
  node: IndexedNode;
  rank: number;
  /** tailscaled has told that the node serves it no more, and no netmap has come since. */
  isWithdrawn: boolean;
}

export type Routes = PrefixMap<Route>;

/** What an entry of AllowedIPs is. */
export type RouteKind =
  | { readonly kind: 'exit' | 'subnet' | 'refused' }
  /** A single address of the tailnet's ranges is no subnet: routable without accepted routes (net/routemanager). */
  | { readonly kind: 'address'; readonly address: string };

/**
 * Adds a prefix that a node serves. Of several nodes with the same one, the highest `rank` has it (primary
 * before standby, online before offline), then the first.
 */
export function addRoute(
  routes: Routes,
  written: string,
  node: IndexedNode,
  rank: number,
): RouteKind {
  const prefix = parsePrefix(written);
  // IPv4-mapped ones would mean two things.
  if (prefix === undefined || (prefix.family === 4 && written.includes(':')))
    return { kind: 'refused' };
  if (prefix.length === 0) return { kind: 'exit' };
  const isSingle = prefix.length === (prefix.family === 4 ? 32 : 128);
  if (isSingle && mayBeNode(prefix))
    return { kind: 'address', address: prefix.text.slice(0, prefix.text.indexOf('/')) };
  if (isTooWide(prefix) || isNobodysInTailnet(prefix)) return { kind: 'refused' };
  const known = routes.get(prefix);
  if (known === undefined)
    routes.set(prefix, { prefix: prefix.text, node, rank, isWithdrawn: false });
  else if (rank > known.rank) [known.node, known.rank] = [node, rank];
  return { kind: 'subnet' };
}

function isTooWide({ family, length }: Prefix): boolean {
  return length < (family === 4 ? MIN_IPV4_BITS : MIN_IPV6_BITS);
}
