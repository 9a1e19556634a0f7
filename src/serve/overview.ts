import type { TailnetView } from '../dns/tailnet-view.ts';
import type { Counters } from '../proxy/hall.ts';
import type { Overview } from '../proxy/pages/overview.ts';
import type { Policy } from '../proxy/policy.ts';
import type { Tailnet } from '../proxy/tailnet.ts';

export interface OverviewSources {
  readonly view: TailnetView;
  readonly tailnet: Tailnet;
  readonly policy: Policy;
  readonly counters: Counters;
  readonly restarts: number;
  readonly warnings: readonly string[];
}

/** More peers than a person reads, and a page that still opens at once. */
const shownPeers = 500;

export function overviewOf({
  view,
  tailnet,
  policy,
  counters,
  restarts,
  warnings,
}: OverviewSources): Overview {
  const state = tailnet.state();
  const self = view.self();
  return {
    state: state.kind === 'running' ? 'running' : `${state.kind}: ${state.detail}`,
    node: { name: self?.name ?? '', addresses: self?.addresses ?? [] },
    tailscaled: { version: view.summary()?.version ?? '', restarts },
    suffix: view.suffix(),
    peers: view
      .peers()
      .take(shownPeers)
      .map(({ name, addresses, tags, online }) => ({
        name,
        addresses,
        tags,
        online: online ?? null,
      }))
      .toArray(),
    policy: { mode: policy.mode, needsClient: policy.needsClient },
    counters,
    warnings,
  };
}
