/**
 * A netmap, looked up: names by tailscaled's rules, the owner of an address. A change of the netmap makes a new
 * one; what tailscaled says to be gone before that is taken out of this one.
 */
import { distance } from 'fastest-levenshtein';
import { formatAddress, parseAddress } from '../../ip/addresses.ts';
import type { Prefix } from '../../ip/prefixes.ts';
import { isNobodysInTailnet, isTailnetRange } from '../../ip/special-ranges.ts';
import type { PeerNotice } from '../local-api/ipn-bus.ts';
import { isUnder, parentsOf } from '../local-api/names.ts';
import type { Status } from '../local-api/status-types.ts';
import type { Owner, Peer } from '../../tailnet.ts';
import { type IndexedNode, type Named, nodeOf } from './nodes.ts';
import { type Routes, withdraw } from './routes.ts';

export type IndexSource = 'status' | 'extra-records' | 'services' | 'subdomain';

/** What the netmap says of a name. */
export type IndexAnswer =
  | {
      readonly kind: 'addresses';
      readonly source: IndexSource;
      readonly addresses: readonly string[];
    }
  | { readonly kind: 'alias'; readonly source: 'extra-records'; readonly target: string };

/** The status without its lists. */
export interface IndexSummary extends Omit<Status, 'self' | 'peers' | 'extraRecords' | 'services'> {
  /** How many. */
  readonly peers: number;
}

export interface IndexParts {
  readonly summary: IndexSummary;
  readonly self: IndexedNode;
  readonly peers: readonly IndexedNode[];
  readonly exitNode: IndexedNode | undefined;
  readonly names: ReadonlyMap<string, Named>;
  /** By canonical address; the addresses of Services too. */
  readonly owners: Map<string, IndexedNode>;
  readonly routes: Routes;
}

/** The look at 100,000 names must not hold up the event loop. */
const NEAREST_BUDGET_MS = 8;

export class TailnetIndex {
  readonly summary: IndexSummary;
  readonly #parts: IndexParts;
  /** As many as the policy has suffix rules. */
  readonly #suffixes = new Map<string, boolean>();
  readonly #onlyIPv6: boolean;
  #byId: ReadonlyMap<number, IndexedNode> | undefined;

  constructor(parts: IndexParts) {
    this.#parts = parts;
    this.summary = parts.summary;
    this.#onlyIPv6 = parts.self.peer.addresses[0]?.includes(':') === true;
  }

  /** This node, as its peers would see it. */
  self(): Peer {
    return this.#parts.self.peer;
  }

  exitNode(): Peer | undefined {
    return this.#parts.exitNode?.peer;
  }

  /** O(length of the name). `name` is normalised. */
  lookup(name: string): IndexAnswer | undefined {
    const named = this.#parts.names.get(name);
    if (named === undefined) return this.#subdomain(name);
    if (named.kind === 'node') return this.#nodeAnswer(named.node, 'status');
    if (named.kind === 'alias')
      return { kind: 'alias', source: 'extra-records', target: named.target };
    return { kind: 'addresses', source: named.source, addresses: named.addresses };
  }

  /** The node behind a name: short name, FQDN, alias. `name` is normalised. */
  nodeNamed(name: string): Peer | undefined {
    const { names } = this.#parts;
    const named = names.get(name);
    return nodeOf(named?.kind === 'alias' ? names.get(named.target) : named)?.peer;
  }

  /** `accepted`: the pref RouteAll. `undefined` for an address outside the tailnet. */
  ownerOf(ip: string, accepted: boolean): Owner | undefined {
    const address = parseAddress(ip);
    if (address === undefined) return undefined;
    const { owners, routes, self } = this.#parts;
    const node = owners.get(ip) ?? owners.get(formatAddress(address));
    if (node !== undefined)
      return node === self ? { kind: 'self' } : { kind: 'peer', peer: node.peer };
    const route = isNobodysInTailnet(address) ? undefined : routes.longest(address);
    if (route !== undefined)
      return route.isWithdrawn
        ? { kind: 'unassigned', prefix: route.prefix.text }
        : { kind: 'subnet', peer: route.node.peer, prefix: route.prefix.text, accepted };
    return isTailnetRange(address) ? { kind: 'unassigned' } : undefined;
  }

  /**
   * Existing names that look like `name`, nearest first. A name under the tailnet's suffix is compared by what
   * stands before the suffix, another as it is. Reads every name: only for a name that is not there.
   */
  nearest(name: string, limit = 3): string[] {
    const { suffix } = this.summary;
    const isOurs = isUnder(name, suffix) && name !== suffix;
    const wanted = isOurs ? name.slice(0, -suffix.length - 1) : name;
    const farthest = wanted.length < 3 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
    const found: { name: string; away: number }[] = [];
    const endMs = performance.now() + NEAREST_BUDGET_MS;
    let seen = 0;
    for (const candidate of this.#parts.names.keys()) {
      if ((seen++ & 255) === 0 && performance.now() > endMs) break;
      if (Math.abs(candidate.length - wanted.length) > farthest) continue;
      const away = distance(wanted, candidate);
      if (away <= farthest) found.push({ name: candidate, away });
    }
    found.sort((a, b) => a.away - b.away || (a.name < b.name ? -1 : 1));
    return found.slice(0, limit).map((near) => near.name);
  }

  /** Whether some name lies below the suffix. Reads every name, once for each suffix that is asked for. */
  hasNameUnder(suffix: string): boolean {
    const known = this.#suffixes.get(suffix);
    if (known !== undefined) return known;
    const found = this.#parts.names.keys().some((name) => name.endsWith(`.${suffix}`));
    this.#suffixes.set(suffix, found);
    return found;
  }

  /** Takes out what tailscaled has told to be gone; tells whether there was anything. */
  withdraw(notice: PeerNotice): boolean {
    const { peers, owners, routes } = this.#parts;
    // Before 1.100 a status has no node IDs.
    this.#byId ??= new Map(peers.map((node) => [node.nodeId, node]));
    if (notice.kind === 'others_gone') {
      const gone = peers.filter(({ nodeId }) => nodeId !== 0 && !notice.nodeIds.has(nodeId));
      return gone.map((node) => withdraw(node, [], owners, routes)).includes(true);
    }
    const node = notice.nodeId === 0 ? undefined : this.#byId.get(notice.nodeId);
    const allowedIps = notice.kind === 'has' ? notice.allowedIps : [];
    return node !== undefined && withdraw(node, allowedIps, owners, routes);
  }

  /** The subnets that peers serve. */
  *subnets(): Generator<Prefix> {
    for (const { routes } of this.#parts.peers) for (const { prefix } of routes) yield prefix;
  }

  /** For `status`, policy warnings and pages. */
  *peers(): Generator<Peer> {
    for (const { peer } of this.#parts.peers) yield peer;
  }

  /** tailscale: net/dns/resolver/tsdns.go resolveLocal, subdomainHosts. */
  #subdomain(name: string): IndexAnswer | undefined {
    for (const parent of parentsOf(name)) {
      const named = this.#parts.names.get(parent);
      if (named?.kind === 'node' && named.node.hasSubdomains)
        return this.#nodeAnswer(named.node, 'subdomain');
    }
    return undefined;
  }

  #nodeAnswer({ peer }: IndexedNode, source: IndexSource): IndexAnswer {
    const { addresses: all } = peer;
    const ipv6 = this.#onlyIPv6 ? all.filter((address) => address.includes(':')) : all;
    return { kind: 'addresses', source, addresses: ipv6.length > 0 ? ipv6 : all };
  }
}

/** Before the first netmap nobody has an address, and yet the tailnet's ranges are its own. */
export function ownerBeforeNetmap(ip: string): Owner | undefined {
  const address = parseAddress(ip);
  return address !== undefined && isTailnetRange(address) ? { kind: 'unassigned' } : undefined;
}
