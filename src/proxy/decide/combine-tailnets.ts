/** All tailnets of a run as one, for the questions that are asked of the run as a whole. */
import type { Tailnet, TailnetState } from '../../tailnet.ts';
import { ownerAmong, suffixOwner } from './tailnets.ts';

/** One is itself; nothing changes for a run that has one. */
export function combineTailnets(members: readonly [Tailnet, ...Tailnet[]]): Tailnet {
  const [first, ...others] = members;
  if (others.length === 0) return first;
  const each = (ip: string): Tailnet => ownerAmong(members, ip)?.tailnet ?? first;
  const firstOf = <T>(ask: (one: Tailnet) => T | undefined): T | undefined => {
    for (const one of members) {
      const answer = ask(one);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
  return {
    name: '',
    isOptional: false,
    members,
    state: () => stateOf(members),
    async ready(signal) {
      await Promise.all(members.map((one) => one.ready(signal)));
      return stateOf(members);
    },
    hasNetmap: () => members.every((one) => one.hasNetmap()),
    // Where bytes go is decided for each address, by its own tailnet.
    dialPlace: () => undefined,
    joinedAtMs: () => undefined,
    ownerOf: (ip) => ownerAmong(members, ip)?.owner,
    peerNamed: (name) =>
      suffixOwner(members, name)?.peerNamed(name) ?? firstOf((one) => one.peerNamed(name)),
    hasNodeUnder: (suffix) => members.some((one) => one.hasNodeUnder(suffix)),
    ownsName: (name) => members.some((one) => one.ownsName(name)),
    ownedSuffix: (name) => suffixOwner(members, name)?.ownedSuffix(name),
    exitNode: () => firstOf((one) => one.exitNode()),
    suffix: () => first.suffix(),
    diagnose: (ip, port, signal) => each(ip).diagnose(ip, port, signal),
    meet: (ip) => each(ip).meet(ip),
    ping: (ip, signal) => each(ip).ping(ip, signal),
    async inboundPeer(host, port, signal) {
      const asked = members.map((one) => one.inboundPeer(host, port, signal));
      const answers = await Promise.allSettled(asked);
      for (const answer of answers)
        if (answer.status === 'fulfilled' && answer.value !== undefined) return answer.value;
      // One that runs and does not say may be the one that forwarded it.
      for (const [at, answer] of answers.entries())
        if (answer.status === 'rejected' && members[at]?.state().kind === 'running')
          throw answer.reason;
      return undefined;
    },
  };
}

/** Whether a run does what it must: without an optional one it is degraded, and ready. */
export function readyState({ members }: Tailnet): TailnetState {
  const needed = members.filter((one) => !one.isOptional || one.state().kind === 'starting');
  const isAnyRunning = members.some((one) => one.state().kind === 'running');
  return stateOf(isAnyRunning ? needed : members);
}

function stateOf(members: readonly Tailnet[]): TailnetState {
  const states = members.map((one) => ({ name: one.name, state: one.state() }));
  for (const kind of ['starting', 'down'] as const) {
    const details = states.flatMap(({ name, state }) =>
      state.kind === kind ? [`${name}: ${state.detail}`] : [],
    );
    if (details.length > 0) return { kind, detail: details.join('; ') };
  }
  return { kind: 'running' };
}
