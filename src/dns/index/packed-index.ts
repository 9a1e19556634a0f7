/** The index of a netmap as columns: built in any thread, handed over without a copy. */
import type { AddressTable } from './address-table.ts';
import type { NameTable } from './name-table.ts';
import type { PrefixTree } from './prefix-tree.ts';
import type { BackendState } from './status-types.ts';

export const FLAG_ONLINE = 1;
export const FLAG_EXPIRED = 2;
export const FLAG_SUBDOMAINS = 4;
/** It joined after this node, moments ago: that it is not online yet means nothing. */
export const FLAG_NEWBORN = 8;

/** Row 0 is this node; the peers follow. */
export interface NodeColumns {
  readonly nameOffsets: Uint32Array<ArrayBuffer>;
  readonly nameLengths: Uint8Array<ArrayBuffer>;
  /** Length of the short name, with which the FQDN begins; 0 for a node shared in. */
  readonly shortLengths: Uint8Array<ArrayBuffer>;
  readonly flags: Uint8Array<ArrayBuffer>;
  /** Epoch ms; 0 is unknown. */
  readonly lastSeenMs: Float64Array<ArrayBuffer>;
  /** First row of the node's addresses; one more entry than nodes. */
  readonly addressStarts: Uint32Array<ArrayBuffer>;
  /** First of the node's `tagIds`; one more entry than nodes. */
  readonly tagStarts: Uint32Array<ArrayBuffer>;
  /** Positions in `IndexSummary.tags`. */
  readonly tagIds: Uint32Array<ArrayBuffer>;
}

export interface RouteColumns {
  readonly tree: PrefixTree;
  /** By the tree's values. */
  readonly nodes: Uint32Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly families: Uint8Array<ArrayBuffer>;
  readonly bits: Uint8Array<ArrayBuffer>;
}

export const RECORD_EXTRA = 0;
export const RECORD_SERVICE = 1;
export const RECORD_ALIAS = 2;

/** Names that are no node's: ExtraRecords and Services. */
export interface RecordColumns {
  readonly kinds: Uint8Array<ArrayBuffer>;
  /** First address row; one more entry than records. */
  readonly addressStarts: Uint32Array<ArrayBuffer>;
  /** Where the name stands that an alias means. */
  readonly aliasOffsets: Uint32Array<ArrayBuffer>;
  readonly aliasLengths: Uint8Array<ArrayBuffer>;
}

/** Further names of nodes, ordered by node. */
export interface OtherNames {
  readonly nodes: Uint32Array<ArrayBuffer>;
  readonly entries: Uint32Array<ArrayBuffer>;
}

/** What is small enough to be copied. */
export interface IndexSummary {
  readonly version: string;
  readonly backendState: BackendState;
  readonly authUrl: string;
  readonly health: readonly string[];
  readonly suffix: string;
  readonly magicDnsEnabled: boolean;
  readonly tailnetName: string;
  readonly certDomains: readonly string[];
  readonly peers: number;
  /** Some peer is online, so `Online: false` counts. */
  readonly onlineKnown: boolean;
  /** Row of the exit node in use; -1 for none. */
  readonly exitNode: number;
  readonly tags: readonly string[];
  readonly skipped: number;
  readonly warnings: readonly string[];
}

export interface PackedIndex {
  readonly summary: IndexSummary;
  readonly names: NameTable;
  readonly addresses: AddressTable;
  readonly nodes: NodeColumns;
  readonly routes: RouteColumns;
  readonly records: RecordColumns;
  readonly otherNames: OtherNames;
}

/** Every buffer of an index, for `postMessage`'s transfer list. */
export function buffersOf(index: PackedIndex): ArrayBuffer[] {
  const { names, addresses, nodes, routes, records, otherNames } = index;
  const { tree, ...routeColumns } = routes;
  return [names, addresses, nodes, tree, routeColumns, records, otherNames].flatMap((columns) =>
    Object.values(columns).map((column: { buffer: ArrayBuffer }) => column.buffer),
  );
}
