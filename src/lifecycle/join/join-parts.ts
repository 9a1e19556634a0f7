import type { Environment, Upstream } from '../tailscaled/child-environment.ts';
import type { NodeSummary, Step } from './progress.ts';
import type { RuntimeFolder } from '../folder/runtime-folder.ts';
import type { TailscaledLog } from '../tailscaled/tailscaled-log.ts';
import type { TailscaledSettings } from '../tailscaled/tailscaled-arguments.ts';
import type { UpSettings } from './up-arguments.ts';

export interface JoinSettings {
  /** Paths, or names to look up in PATH. */
  readonly tailscale: string;
  readonly tailscaled: string;
  readonly upTimeoutMs: number;
  readonly upstreamProxy: Upstream | undefined;
  readonly tailnet: TailscaledSettings & UpSettings;
}

/** A tailscaled that is being joined or has joined; what the rest of the program needs of it. */
export interface TailnetView {
  readonly pid: number;
  readonly socket: string;
  readonly socksAddress: { readonly host: string; readonly port: number } | undefined;
  readonly acceptDns: boolean;
  readonly acceptRoutes: boolean;
  readonly shieldsUp: boolean;
  /** Aborted when this tailscaled is gone. */
  readonly gone: AbortSignal;
}

/** What joining needs from outside this folder, and whom it tells. */
export interface JoinParts {
  readonly folder: RuntimeFolder;
  readonly env: Environment;
  readonly log: TailscaledLog;
  /** The auth key; undefined where the user's own arguments have one. */
  obtainKey(signal: AbortSignal): Promise<string | undefined>;
  /** Resolves when the backend runs and the first netmap is there. */
  readiness(tailnet: TailnetView, signal: AbortSignal): Promise<NodeSummary>;
  begin(step: Step): void;
  /** A sentence for the user. */
  notice(text: string): void;
  /** What has been learnt of the tailnet, for this join and later ones. */
  readonly learnt: Learnt;
}

export interface Learnt {
  /** It refuses a node that sends no logs (network flow logs). */
  wantsLogs: boolean;
}

/** A tailscaled that joined may log its node out before it ends; it takes 5 s at most for that. */
export const stopGraceMs = 4000;
