/** The nodes of an index, and what names mean. */
import type { Prefix } from '../../ip/prefixes.ts';
import type { Peer } from '../../tailnet.ts';

/** A subnet, and who serves it. */
export interface Route {
  readonly prefix: Prefix;
  node: IndexedNode;
  rank: number;
  /** tailscaled has told that the node serves it no more, and no netmap has come since. */
  isWithdrawn: boolean;
}

/** A node as the index keeps it. */
export interface IndexedNode {
  /** 0 before tailscale 1.100. */
  readonly nodeId: number;
  /** Its subdomains mean it too. */
  readonly hasSubdomains: boolean;
  /** The peer's, to which records add theirs. */
  readonly names: string[];
  /** Addresses of Services that it hosts. */
  readonly serviceAddresses: string[];
  /** Some of which another node may have by now. */
  readonly routes: Route[];
  readonly peer: { -readonly [Field in keyof Peer]: Peer[Field] };
}

/** What a name means. */
export type Named =
  | { readonly kind: 'node'; readonly node: IndexedNode }
  | {
      readonly kind: 'addresses';
      readonly source: 'extra-records' | 'services';
      readonly addresses: readonly string[];
      /** Whose address one of them is. */
      readonly node: IndexedNode | undefined;
    }
  /** An ExtraRecord of type CNAME. */
  | { readonly kind: 'alias'; readonly target: string };

/** The node that a name means directly. */
export function nodeOf(named: Named | undefined): IndexedNode | undefined {
  return named?.kind === 'node' || named?.kind === 'addresses' ? named.node : undefined;
}
