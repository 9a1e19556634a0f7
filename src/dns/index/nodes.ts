/** The nodes of an index, and what names mean. */
import type { Peer } from '../../tailnet.ts';

/** A node as the index keeps it. */
export interface IndexedNode {
  /** 0 before tailscale 1.100. */
  readonly nodeId: number;
  /** Its subdomains mean it too. */
  readonly hasSubdomains: boolean;
  /** The peer's, to which records add theirs. */
  readonly names: string[];
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
