import type { TailnetView } from '../dns/tailnet-view.ts';
import type { ListenAddress } from '../lifecycle/progress.ts';
import type { SupervisorStatus } from '../lifecycle/supervisor-parts.ts';
import type { Counters } from '../proxy/hall.ts';
import type { Tailnet } from '../proxy/tailnet.ts';

/** What `spacetail status --json` prints. */
export interface StatusDocument {
  readonly state: SupervisorStatus['state'];
  /** Why it is not running; null when it is. */
  readonly detail: string | null;
  /** What to do about it; null where there is nothing to do. */
  readonly hint: string | null;
  readonly supervisor: {
    readonly pid: number;
    readonly startedMs: number;
    readonly owner: number | null;
  };
  readonly node: { readonly name: string; readonly addresses: readonly string[] };
  readonly tailscaled: {
    readonly version: string;
    readonly pid: number | null;
    readonly restarts: number;
  };
  readonly netmap: { readonly peers: number; readonly suffix: string };
  /** As bound, e.g. `127.0.0.1:8080`; null where there is none. */
  readonly listeners: { readonly http: string | null; readonly socks5: string | null };
  readonly counters: Counters;
  readonly policy: { readonly mode: string };
  readonly warnings: readonly string[];
}

function format(listen: ListenAddress | undefined): string | null {
  if (listen === undefined) return null;
  return `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
}

export interface StatusSources {
  readonly view: TailnetView;
  readonly tailnet: Tailnet;
  readonly counters: Counters;
  readonly policyMode: string;
  readonly warnings: readonly string[];
}

export function statusDocument(core: SupervisorStatus, sources: StatusSources): StatusDocument {
  const { view, tailnet, counters } = sources;
  const now = tailnet.state();
  // The process may run while the backend does not: stopped by hand, logged out, still without a netmap.
  const isDegraded = core.state === 'running' && now.kind !== 'running';
  const self = view.self();
  return {
    state: isDegraded ? 'degraded' : core.state,
    detail: core.error?.message ?? (now.kind === 'running' ? null : now.detail),
    hint: core.error?.hint || null,
    supervisor: { pid: core.pid, startedMs: core.startedMs, owner: core.owner?.pid ?? null },
    node: { name: self?.name ?? '', addresses: self?.addresses ?? [] },
    tailscaled: {
      version: view.summary()?.version ?? '',
      pid: core.tailscaled.pid ?? null,
      restarts: core.tailscaled.restarts,
    },
    netmap: { peers: view.summary()?.peers ?? 0, suffix: view.suffix() },
    listeners: { http: format(core.listeners?.http), socks5: format(core.listeners?.socks5) },
    counters,
    policy: { mode: sources.policyMode },
    warnings: sources.warnings,
  };
}
