import type { ReadStatus, TailscaleCli } from '../local-api/status-source.ts';
import type { Log } from '../types.ts';

export interface TailnetViewOptions {
  /** tailscaled's LocalAPI socket. */
  readonly socketPath: string;
  /** Reads the status by `tailscale status --json`; without it by LocalAPI alone. */
  readonly cli?: TailscaleCli;
  /** TS_ACCEPT_DNS; the pref CorpDNS counts as soon as it is known. */
  readonly acceptDns: boolean;
  /** SPACETAIL_DIRECT, for a normalised name. */
  readonly direct: (name: string) => boolean;
  /** Names that are another tailnet's of the run. */
  readonly foreign?: (name: string) => boolean;
  readonly log: Log;
  /** Default `/etc/resolv.conf`. */
  readonly resolvConfPath?: string;
  /** Default `/etc/hosts`. */
  readonly hostsPath?: string;
  /** Instead of `cli` and LocalAPI. */
  readonly readStatus?: ReadStatus;
  /** Where the thread for large netmaps starts; default: this program's own module or bundle. */
  readonly workerEntry?: URL;
}
