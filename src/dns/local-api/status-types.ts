/** What spacetail reads of a status document (tailscale: ipn/ipnstate/ipnstate.go), checked. */

import type { ExtraRecord } from './dns-config.ts';

export type BackendState =
  | 'NoState'
  | 'NeedsLogin'
  | 'NeedsMachineAuth'
  | 'Stopped'
  | 'Starting'
  | 'Running'
  | 'InUseOtherUser';

/** A node: this one or a peer. Names are normalised; addresses and prefixes are as written, unchecked. */
export interface StatusNode {
  /** StableID, e.g. `n1234CNTRL`; '' when absent. */
  readonly id: string;
  /** 0 before tailscale 1.100. */
  readonly nodeId: number;
  /** FQDN; '' for a node without a usable name. */
  readonly name: string;
  readonly addresses: readonly string[];
  readonly allowedIps: readonly string[];
  readonly primaryRoutes: readonly string[];
  readonly tags: readonly string[];
  readonly online: boolean;
  readonly expired: boolean;
  /** Epoch ms; 0 when the document does not say. */
  readonly lastSeenMs: number;
  /** Epoch ms, by the control server's clock; 0 is unknown. */
  readonly createdMs: number;
  /** The exit node in use. */
  readonly exitNode: boolean;
  /** Has the capability `dns-subdomain-resolve`: its subdomains mean it too. */
  readonly subdomains: boolean;
}

/** A Tailscale Service that this node may reach (tailcfg.ServiceDetails). */
export interface Service {
  /** The label behind `svc:`. */
  readonly label: string;
  readonly addresses: readonly string[];
}

export interface Status {
  readonly version: string;
  readonly backendState: BackendState;
  /** Where a person would log in; '' when nothing waits for that. */
  readonly authUrl: string;
  readonly health: readonly string[];
  /** '' before the netmap. */
  readonly suffix: string;
  readonly magicDnsEnabled: boolean;
  readonly tailnetName: string;
  readonly certDomains: readonly string[];
  readonly self: StatusNode;
  readonly peers: readonly StatusNode[];
  readonly extraRecords: readonly ExtraRecord[];
  readonly services: readonly Service[];
  /** How many peers and records were left out because they made no sense. */
  readonly skipped: number;
  /** Why, in sentences; at most a few. */
  readonly warnings: readonly string[];
}
