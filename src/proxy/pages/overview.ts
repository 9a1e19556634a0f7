/** What the page for people shows besides requests. */
import type { PolicyMode } from '../core/request-record.ts';

interface OverviewPeer {
  /** Where the run has several. */
  readonly tailnet?: string | undefined;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  /** `null` where the control server does not tell. */
  readonly online: boolean | null;
}

/** Without secrets: it goes to a browser. */
export interface Overview {
  /** e.g. `running`, `starting: waiting for the netmap` */
  readonly state: string;
  readonly node: { readonly name: string; readonly addresses: readonly string[] };
  readonly tailscaled: { readonly version: string; readonly restarts: number };
  readonly suffix: string;
  readonly peers: readonly OverviewPeer[];
  readonly policy: {
    readonly mode: PolicyMode;
    /** A rule asks for the client's program, so its requests wait for the look-up. */
    readonly needsClient: boolean;
  };
  readonly counters: {
    readonly requests: number;
    readonly denied: number;
    readonly errors: number;
    readonly openTunnels: number;
  };
  readonly warnings: readonly string[];
}
