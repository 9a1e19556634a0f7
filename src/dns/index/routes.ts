/** Which peer serves which subnet, from AllowedIPs and PrimaryRoutes. */
import { PrefixMap } from '../../ip/prefix-map.ts';
import { parsePrefix, type Prefix } from '../../ip/prefixes.ts';
import { isNobodysInTailnet, mayBeNode } from '../../ip/special-ranges.ts';
import type { IndexedNode, Route } from './nodes.ts';

/** Shorter ones are an exit node's, or an attempt to swallow the internet in halves. */
const MIN_IPV4_BITS = 8;
const MIN_IPV6_BITS = 7;

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
  if (known === undefined) {
    const route: Route = { prefix, node, rank, isWithdrawn: false };
    routes.set(prefix, route);
    node.routes.push(route);
  } else if (rank > known.rank) {
    [known.node, known.rank] = [node, rank];
    node.routes.push(known);
  }
  return { kind: 'subnet' };
}

function isTooWide({ family, length }: Prefix): boolean {
  return length < (family === 4 ? MIN_IPV4_BITS : MIN_IPV6_BITS);
}

/**
 * Takes from a node all but what it has now (nothing, when it is gone), and gives it a route that another has
 * lost. What it has besides comes with the next netmap.
 * @returns whether anything was taken
 */
export function withdraw(
  node: IndexedNode,
  allowedIps: readonly string[],
  owners: Map<string, IndexedNode>,
  routes: Routes,
): boolean {
  const kept = allowedIps.map(parsePrefix).filter((prefix) => prefix !== undefined);
  const texts = new Set(kept.map(({ text }) => text));
  let isTaken = false;
  for (const address of [...node.peer.addresses, ...node.serviceAddresses]) {
    const single = address.includes(':') ? `${address}/128` : `${address}/32`;
    if (!texts.has(single) && owners.get(address) === node) isTaken = owners.delete(address);
  }
  for (const route of node.routes) {
    if (route.node !== node || texts.has(route.prefix.text) || route.isWithdrawn) continue;
    isTaken = route.isWithdrawn = true;
  }
  for (const prefix of kept) {
    const lost = routes.get(prefix);
    if (lost?.isWithdrawn !== true) continue;
    [lost.node, lost.isWithdrawn] = [node, false];
    node.routes.push(lost);
  }
  return isTaken;
}
