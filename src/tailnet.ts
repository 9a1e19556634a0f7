/**
 * What the proxy needs of a tailnet, as values that serve.ts hands in. The proxy knows nothing of
 * status documents, LocalAPI or processes.
 */

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
  /** FQDN in lower case without the trailing dot, e.g. `db.tail1234.ts.net`. */
  readonly name: string;
  /** First label, e.g. `db`; the same as `name` for a node shared in from another tailnet. */
  readonly shortName: string;
  /** Every name that means this node, in lower case: short name, FQDN, aliases from ExtraRecords. */
  readonly names: readonly string[];
  /** The node's own addresses, IPv4 first. */
  readonly addresses: readonly string[];
  /** e.g. `tag:db` */
  readonly tags: readonly string[];
  /** `undefined` where the control server tells of no peer whether it is online. */
  readonly online: boolean | undefined;
  readonly keyExpired: boolean;
  /** Epoch ms; `undefined` when the control server does not say. */
  readonly lastSeenMs: number | undefined;
}

/**
 * A name's or literal's addresses, or why there are none. `owned` tells that the name belongs to the
 * tailnet (its suffix, a split-DNS suffix, 4via6 form): whatever happens, it never leaves by the host network.
 */
export type Resolution =
  | {
      readonly kind: 'resolved';
      readonly host: string;
      readonly source: NameSource;
      readonly owned: boolean;
      /** Canonical IP literals in the order to try; never empty. */
      readonly addresses: readonly [string, ...string[]];
      /** Whose name it is, where the run has several tailnets: its addresses are dialled there or nowhere. */
      readonly tailnet?: Tailnet;
      /** Names of tailnets that have the name too, and come later in the run's order. */
      readonly alsoIn?: readonly string[];
    }
  | {
      readonly kind: 'not_found';
      readonly host: string;
      readonly source: NameSource | undefined;
      readonly owned: boolean;
      readonly detail: string;
      /** Existing names that look like it, nearest first; may be empty. */
      readonly nearest: readonly string[];
    }
  | {
      readonly kind: 'no_answer';
      readonly host: string;
      readonly owned: boolean;
      readonly detail: string;
    }
  /** The name is the tailnet's and the tailnet cannot be asked now (tailscaled down, no netmap). */
  | {
      readonly kind: 'unavailable';
      readonly host: string;
      readonly owned: true;
      readonly detail: string;
    };

/** Hosts as a client wrote them: names, or addresses in any spelling. `only`: by this tailnet alone, of several. */
export interface Resolver {
  /** What is known without asking anybody: an address, a name in the netmap. */
  known(host: string, only?: Tailnet): Resolution | undefined;
  /** Never throws but for the signal. */
  resolve(host: string, signal: AbortSignal, only?: Tailnet): Promise<Resolution>;
  /** By the hosts file and the tailnet's search domains alone; `undefined` where they have no such name. */
  searched(host: string): Promise<Resolution | undefined>;
}

/** Whom an address belongs to in the tailnet; `undefined` for an address that is not the tailnet's. */
export type Owner =
  | { readonly kind: 'peer'; readonly peer: Peer }
  /** Longest prefix among the routes that peers serve. `accepted` is tailscaled's pref RouteAll. */
  | {
      readonly kind: 'subnet';
      readonly peer: Peer;
      readonly prefix: string;
      readonly accepted: boolean;
    }
  /** One of this node's own addresses. */
  | { readonly kind: 'self' }
  /**
   * In 100.64.0.0/10 or fd7a:115c:a1e0::/48, and no peer has it; or in `prefix`, a subnet that was accepted in this
   * run and that no peer serves now.
   */
  | { readonly kind: 'unassigned'; readonly prefix?: string };

export type TailnetState =
  | { readonly kind: 'running' }
  /** Still joining; requests wait for `ready`. */
  | { readonly kind: 'starting'; readonly detail: string }
  /** tailscaled is dead or the backend has stopped. */
  | { readonly kind: 'down'; readonly detail: string };

/** Whom a dial asks: tailscaled's SOCKS port, or its LocalAPI on a unix socket (SPACETAIL_DIAL). */
export type DialPlace = SocksAddress | { readonly path: string };

export interface SocksAddress {
  readonly host: string;
  readonly port: number;
}

/** Why a dial through the SOCKS port failed, found out by asking LocalAPI. */
export type Diagnosis =
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly detail: string }
  | { readonly kind: 'no_answer'; readonly detail: string }
  /** The peer answers a disco ping (or the dial went through), so the port alone is silent. */
  | { readonly kind: 'alive'; readonly detail: string };

/**
 * One tailnet of a run, or all of them as one (`combineTailnets`); a value handed along, never a global.
 */
export interface Tailnet {
  /** As in SPACETAIL_TAILNETS; '' for the only one, and for all as one. */
  readonly name: string;
  /**
   * Once its join has failed nothing that is public waits for it (SPACETAIL_OPTIONAL_TAILNETS); never where public
   * traffic is meant to leave through its exit node.
   */
  readonly isOptional: boolean;
  /** The tailnets that it is made of, in the run's order: itself, where it is one. */
  readonly members: readonly Tailnet[];
  state(): TailnetState;
  /** Settles once the tailnet is running or has failed; rejects only with the signal's reason. */
  ready(signal: AbortSignal): Promise<TailnetState>;
  /** Whether there has ever been a netmap: before that nobody knows what belongs to the tailnet. */
  hasNetmap(): boolean;
  /** Of `performance.now()`: when this node joined last; `undefined` while it has not. */
  joinedAtMs(): number | undefined;
  /** Where tailscaled is asked for a dial; `undefined` while it is not up. */
  dialPlace(): DialPlace | undefined;
  /** `ip` is a canonical literal. O(1) or O(prefix length). */
  ownerOf(ip: string): Owner | undefined;
  /** The node behind a name (short name, FQDN, alias), without asking anybody. */
  peerNamed(name: string): Peer | undefined;
  /** Whether a node has a name below this suffix, without asking anybody. */
  hasNodeUnder(suffix: string): boolean;
  /** Whether the name is the tailnet's by its suffix (MagicDNS, split DNS), existing or not. */
  ownsName(name: string): boolean;
  /** The suffix by which it is the tailnet's: where several own a name, the longest wins. */
  ownedSuffix(name: string): string | undefined;
  /** The exit node in use; then public traffic goes through it or not at all. */
  exitNode(): Peer | undefined;
  /** MagicDNS suffix without dots at its ends; '' before the netmap. */
  suffix(): string;
  /**
   * Asks tailscaled why a dial to `ip`:`port` got no connection: a LocalAPI dial, a disco ping.
   * Bounded by the signal; never throws but for it.
   */
  diagnose(ip: string, port: number, signal: AbortSignal): Promise<Diagnosis>;
  /**
   * Waits until a peer that was not spoken to yet knows this node: a dial before that loses its first packet,
   * and with it 5 s. At most 1.5 s, at once where the two have met; `false` when the peer was silent.
   */
  meet(ip: string): Promise<boolean>;
  /** Sends a disco ping and tells whether the peer answered. */
  ping(ip: string, signal: AbortSignal): Promise<boolean>;
  /**
   * The peer whose connection tailscaled forwarded to our loopback from this source port, if any (LocalAPI whois).
   * Rejects when tailscaled does not say.
   */
  inboundPeer(
    sourceHost: string,
    sourcePort: number,
    signal: AbortSignal,
  ): Promise<string | undefined>;
}
