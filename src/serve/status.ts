import type { ListenAddress } from '../lifecycle/join/progress.ts';
import type { SupervisorStatus } from '../lifecycle/run/supervisor-parts.ts';
import type { Members, RunMember } from './members.ts';

/** Of the run: begun, refused, failed, open now. */
export interface Counters {
  readonly requests: number;
  readonly denied: number;
  /** Ended with an error other than a denial. */
  readonly errors: number;
  readonly openTunnels: number;
}

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
  /** Only where there are several; `node`, `tailscaled` and `netmap` are the first one's. */
  readonly tailnets?: readonly TailnetDocument[];
}

export interface TailnetDocument extends Pick<
  StatusDocument,
  'state' | 'detail' | 'hint' | 'node' | 'tailscaled' | 'netmap'
> {
  readonly name: string;
  readonly optional: boolean;
}

function format(listen: ListenAddress | undefined): string | null {
  if (listen === undefined) return null;
  return `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
}

export interface StatusSources {
  readonly members: Members;
  readonly counters: Counters;
  readonly policyMode: string;
  readonly warnings: readonly string[];
}

type Core = Pick<SupervisorStatus, 'state' | 'error' | 'tailscaled'>;

/** What is one tailnet's own. */
function oneDocument(core: Core, { view, tailnet }: RunMember) {
  const now = tailnet.state();
  // The process may run while the backend does not: stopped by hand, logged out, still without a netmap.
  const isDegraded = core.state === 'running' && now.kind !== 'running';
  const self = view.self();
  const summary = view.summary();
  return {
    state: isDegraded ? ('degraded' as const) : core.state,
    detail: core.error?.message ?? (now.kind === 'running' ? null : now.detail),
    hint: core.error?.hint || null,
    node: { name: self?.name ?? '', addresses: self?.addresses ?? [] },
    tailscaled: {
      version: summary?.version ?? '',
      pid: core.tailscaled.pid ?? null,
      restarts: core.tailscaled.restarts,
    },
    netmap: { peers: summary?.peers ?? 0, suffix: view.suffix() },
  };
}

export function statusDocument(core: SupervisorStatus, sources: StatusSources): StatusDocument {
  const { members, counters } = sources;
  const [first] = members.list;
  const whole = oneDocument(core, { ...first, tailnet: members.tailnet });
  return {
    state: whole.state,
    detail: whole.detail,
    hint: whole.hint,
    supervisor: { pid: core.pid, startedMs: core.startedMs, owner: core.owner?.pid ?? null },
    node: whole.node,
    tailscaled: whole.tailscaled,
    netmap: whole.netmap,
    listeners: { http: format(core.listeners?.http), socks5: format(core.listeners?.socks5) },
    counters,
    policy: { mode: sources.policyMode },
    warnings: sources.warnings,
    ...(core.tailnets.length > 1 && {
      tailnets: core.tailnets.map((one) => ({
        name: one.name,
        optional: one.isOptional,
        ...oneDocument(one, members.of(one.name)),
      })),
    }),
  };
}
