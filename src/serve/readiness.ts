import type { TailnetView } from '../dns/tailnet-view.ts';
import { SpacetailError } from '../errors.ts';
import type { NodeSummary } from '../lifecycle/join/progress.ts';
import type { Policy } from '../proxy/policy/policy.ts';
import type { Members, RunMember } from './members.ts';

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
export function warningsOf(members: Members, policy: Policy): string[] {
  return [...members.list.flatMap(viewWarnings), ...ruleWarnings(members, policy)];
}

function viewWarnings({ name, view }: RunMember): string[] {
  if (view.summary() === undefined) return [];
  return view.warnings().map((warning) => (name === '' ? warning : `${name}: ${warning}`));
}

function ruleWarnings(members: Members, policy: Policy): string[] {
  const ofOne = members.list.flatMap((member) =>
    member.name === '' ? [] : namedRules(member, policy),
  );
  return [...new Set([...anyRules(members, policy), ...ofOne])];
}

/** A rule for any tailnet is about all, so nothing is said of it before each has told what it knows. */
function anyRules({ list, tailnet }: Members, policy: Policy): string[] {
  if (list.some(({ view }) => view.summary() === undefined)) return [];
  const known = {
    peers: list.flatMap(({ view }) => [...view.peers()]),
    hasExitNode: tailnet.exitNode() !== undefined,
    names: list.flatMap(({ view }) => view.self()?.names ?? []),
    ownerOf: (ip: string) => tailnet.ownerOf(ip),
  };
  // A name is looked for under each suffix.
  return list.flatMap(({ view }) => policy.warnings({ ...known, suffix: view.suffix() }));
}

/** Rules as `partner!peer:db`. */
function namedRules({ name, view }: RunMember, policy: Policy): string[] {
  if (view.summary() === undefined) return [];
  return policy.warnings({
    tailnet: name,
    peers: view.peers(),
    hasExitNode: view.exitNode() !== undefined,
    names: view.self()?.names ?? [],
    suffix: view.suffix(),
    ownerOf: (ip) => view.ownerOf(ip),
  });
}

/**
 * Resolves with the node once the backend runs, it has an address and the first netmap is there.
 * @throws SpacetailError needs_machine_auth, tailnet_locked; the signal's reason
 */
export async function readiness(
  members: Members,
  name: string,
  policy: Policy,
  signal: AbortSignal,
): Promise<NodeSummary> {
  const member = members.of(name);
  const { view } = member;
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
    warnings: [...viewWarnings(member), ...ruleWarnings(members, policy)],
  };
}
