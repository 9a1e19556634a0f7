/** One tailnet of a run from its first join on: joined again after a crash, or after a join that failed. */
import type { SpacetailError } from '../../errors.ts';
import { joinTailnet, type Joined } from '../join/join.ts';
import { type JoinParts, type JoinSettings, stopGraceMs } from '../join/join-parts.ts';
import { keepJoined, type Keeper, type KeeperOptions } from '../join/keep-joined.ts';
import type { Run } from './run.ts';
import { downState, type Member, runningState } from './run-state.ts';
import { refuseSameTailnet } from '../join/same-tailnet.ts';
import type { TailnetState } from './supervisor-parts.ts';

/** Each attempt may mint a key, and the run does without meanwhile. */
const lateJoin = { firstDelayMs: 5000, longestDelayMs: 60_000 };

/** Waiting for a person, or wrong until one changes it: another attempt would add one more node to approve. */
const needsPerson = new Set<string>(['needs_machine_auth', 'tailnet_locked', 'config_invalid']);

export function settingsOf(run: Run, { tailnet }: Member): JoinSettings {
  return { ...run.options.settings, tailnet };
}

export function change(run: Run, member: Member, state: TailnetState): void {
  member.state = state;
  run.parts.tailnetChanged(state, member.name);
}

type Told = Pick<JoinParts, 'begin' | 'notice'>;

export function joinParts(run: Run, member: Member, { begin, notice }: Told): JoinParts {
  const { options, parts } = run;
  const { folder, log, name } = member;
  return {
    folder,
    log,
    env: options.env,
    learnt: member.learnt,
    obtainKey: (signal) => parts.obtainKey(signal, name, notice),
    readiness: (tailnet, signal) => parts.readiness(tailnet, signal, name),
    begin,
    notice,
  };
}

/** Keeps a joined tailnet joined. */
export function keep(run: Run, member: Member, first: Joined): Keeper {
  return keepJoined(first, keeperOptions(run, member));
}

/** Goes on trying to join one whose first join has failed. */
export function keepTrying(run: Run, member: Member): Keeper {
  const isWorthAnother = (error: unknown): boolean => mayBeTriedAgain(error);
  return keepJoined(undefined, { ...keeperOptions(run, member), ...lateJoin, isWorthAnother });
}

export function mayBeTriedAgain(error: unknown): boolean {
  return !needsPerson.has((error as SpacetailError | undefined)?.code ?? '');
}

function keeperOptions(run: Run, member: Member): KeeperOptions {
  const settings = settingsOf(run, member);
  return {
    async rejoin(stop) {
      const limit = AbortSignal.any([stop, AbortSignal.timeout(settings.upTimeoutMs)]);
      const parts = joinParts(run, member, { begin() {}, notice() {} });
      const joined = await joinTailnet(settings, parts, limit);
      try {
        refuseSameTailnet([...othersOf(run, member), { name: member.name, node: joined.node }]);
      } catch (error) {
        await joined.tailscaled.stop(stopGraceMs);
        throw error;
      }
      return joined;
    },
    onChange: (next) =>
      change(run, member, next.kind === 'up' ? runningState(next.joined) : downState(next.reason)),
  };
}

function othersOf({ state }: Run, member: Member) {
  return state.members.flatMap((one) =>
    one !== member && one.state.kind === 'running'
      ? [{ name: one.name, node: one.state.node }]
      : [],
  );
}
