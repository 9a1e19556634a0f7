import type { TailnetView } from '../dns/tailnet-view.ts';
import { SpacetailError } from '../errors.ts';
import type { NodeSummary } from '../lifecycle/progress.ts';
import type { Policy } from '../proxy/policy.ts';

/** Why this node cannot become ready without a person, if so. */
function hopeless(view: TailnetView): SpacetailError | undefined {
  if (view.lockedOut()) {
    return new SpacetailError('tailnet_locked', 'tailnet lock is on and this node is not signed');
  }
  const backend = view.summary()?.backendState;
  if (backend !== 'NeedsMachineAuth') return undefined;
  return new SpacetailError(
    'needs_machine_auth',
    'this node waits for an administrator to approve it',
  );
}

/** Sentences that `up` and `status` show: of the netmap, of tailscaled's health, of rules that match nothing. */
export function warningsOf(view: TailnetView, policy: Policy): string[] {
  if (view.summary() === undefined) return [];
  const netmap = {
    peers: view.peers(),
    suffix: view.suffix(),
    hasExitNode: view.exitNode() !== undefined,
    names: view.self()?.names ?? [],
    ownerOf: (ip: string) => view.ownerOf(ip),
  };
  return [...view.warnings(), ...policy.warnings(netmap)];
}

/**
 * Resolves with the node once the backend runs, it has an address and the first netmap is there.
 * @throws SpacetailError needs_machine_auth, tailnet_locked; the signal's reason
 */
export async function readiness(
  view: TailnetView,
  policy: Policy,
  signal: AbortSignal,
): Promise<NodeSummary> {
  view.refresh();
  await view.until(() => view.state().kind === 'running' || hopeless(view) !== undefined, signal);
  const failure = hopeless(view);
  if (failure !== undefined) throw failure;
  const self = view.self();
  const summary = view.summary();
  return {
    name: self?.name ?? '',
    addresses: self?.addresses ?? [],
    peers: summary?.peers ?? 0,
    suffix: view.suffix(),
    version: summary?.version ?? '',
    warnings: warningsOf(view, policy),
  };
}
