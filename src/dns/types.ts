/** What this folder hands out: the same shapes as the proxy asks for, written down on this side of the wall. */

/** How a name got its addresses; `name_source` of the access log. */
export type NameSource =
  | 'status'
  | 'dns'
  | 'split-dns'
  | 'extra-records'
  | '4via6'
  | 'services'
  | 'subdomain'
  | 'search'
  | 'hosts'
  | 'literal';

/** A node of the tailnet, as far as a request is concerned. */
export interface Peer {
  /** FQDN in lower case without the trailing dot; the first address of a node without a name. */
  readonly name: string;
  /** The name without the tailnet's suffix; the same as `name` for a node shared in. */
  readonly shortName: string;
  /** Every name that means this node: short name, FQDN, ExtraRecords of its addresses. */
  readonly names: readonly string[];
  /** IPv4 first. */
  readonly addresses: readonly string[];
  /** e.g. `tag:db` */
  readonly tags: readonly string[];
  /** `undefined` where the control server tells of no peer whether it is online. */
  readonly online: boolean | undefined;
  readonly keyExpired: boolean;
  /** Epoch ms; `undefined` when the control server does not say. */
  readonly lastSeenMs: number | undefined;
}

/** A name's or literal's addresses, or why there are none. `owned`: the name is the tailnet's. */
export type Resolution =
  | {
      readonly kind: 'resolved';
      readonly host: string;
      readonly source: NameSource;
      readonly owned: boolean;
      /** Canonical IP literals in the order to try. */
      readonly addresses: readonly [string, ...string[]];
    }
  | {
      readonly kind: 'not_found';
      readonly host: string;
      readonly source: NameSource | undefined;
      readonly owned: boolean;
      readonly detail: string;
      /** Existing names that look like it, nearest first. */
      readonly nearest: readonly string[];
    }
  | {
      readonly kind: 'no_answer';
      readonly host: string;
      readonly owned: boolean;
      readonly detail: string;
    }
  | {
      readonly kind: 'unavailable';
      readonly host: string;
      readonly owned: true;
      readonly detail: string;
    };

export interface Resolve {
  (host: string, signal: AbortSignal): Promise<Resolution>;
  /** What is known without asking anybody: an address, a name in the netmap. */
  readonly known?: (host: string) => Resolution | undefined;
  /** By the hosts file and the tailnet's search domains alone; `undefined` where they have no such name. */
  readonly searched?: (host: string) => Promise<Resolution | undefined>;
}

/** Whom an address belongs to in the tailnet. */
export type Owner =
  | { readonly kind: 'peer'; readonly peer: Peer }
  | {
      readonly kind: 'subnet';
      readonly peer: Peer;
      readonly prefix: string;
      readonly accepted: boolean;
    }
  | { readonly kind: 'self' }
  | { readonly kind: 'unassigned' };

export type TailnetState =
  | { readonly kind: 'running' }
  | { readonly kind: 'starting'; readonly detail: string }
  | { readonly kind: 'down'; readonly detail: string };

/** Why a dial got no connection. */
export type Diagnosis =
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'no_answer'; readonly detail: string }
  | { readonly kind: 'alive'; readonly detail: string };

/** The part of a pino logger that is used here. */
export interface Log {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
