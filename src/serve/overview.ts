import type { Overview } from '../proxy/pages/overview.ts';
import type { Policy } from '../proxy/policy/policy.ts';
import type { Peer } from '../tailnet.ts';
import type { Counters } from './status.ts';
import type { Members, RunMember } from './members.ts';

export interface OverviewSources {
  readonly members: Members;
  readonly policy: Policy;
  readonly counters: Counters;
  readonly restarts: number;
  readonly warnings: readonly string[];
}

/** More peers than a person reads, and a page that still opens at once. */
const shownPeers = 500;

export function overviewOf({
  members,
  policy,
  counters,
  restarts,
  warnings,
}: OverviewSources): Overview {
  const { list, tailnet } = members;
  const [{ view }] = list;
  const state = tailnet.state();
  const self = view.self();
  return {
    state: state.kind === 'running' ? 'running' : `${state.kind}: ${state.detail}`,
    node: {
      name: named(members, (one) => one.view.self()?.name ?? ''),
      addresses: self?.addresses ?? [],
    },
    tailscaled: { version: view.summary()?.version ?? '', restarts },
    suffix: named(members, (one) => one.view.suffix()),
    peers: peersOf(members)
      .take(shownPeers)
      .map(([tailnet, { name, addresses, tags, online }]) => ({
        tailnet: tailnet || undefined,
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

/** Of several tailnets each one's, e.g. `ci.tail1.ts.net (prod), ci.tail2.ts.net (partner)`. */
function named({ list }: Members, read: (member: RunMember) => string): string {
  if (list.length === 1) return read(list[0]);
  return list.map((member) => `${read(member) || '-'} (${member.name})`).join(', ');
}

function* peersOf({ list }: Members): Generator<readonly [tailnet: string, peer: Peer]> {
  for (const { name, view } of list) for (const peer of view.peers()) yield [name, peer];
}
