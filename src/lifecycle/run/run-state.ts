import type { TailscaledLog } from '../tailscaled/tailscaled-log.ts';
import { toErrorMessage } from '../control/error-message.ts';
import type { Joined } from '../join/join.ts';
import type { Keeper } from '../join/keep-joined.ts';
import type { Learnt } from '../join/join-parts.ts';
import type { Listeners } from '../join/progress.ts';
import type { RuntimeFolder } from '../folder/runtime-folder.ts';
import type {
  MemberSettings,
  MemberStatus,
  SupervisorStatus,
  TailnetState,
} from './supervisor-parts.ts';
import type { ProcessId } from '../folder/process-id.ts';

/** One tailnet of a run. */
export interface Member extends MemberSettings {
  /** The run's, with what is this tailscaled's own. */
  readonly folder: RuntimeFolder;
  /** tailscaled.log */
  readonly log: TailscaledLog;
  readonly learnt: Learnt;
  keeper: Keeper | undefined;
  state: TailnetState;
}

/** What is true of a run now; one value that the supervisor changes and `status` reads. */
export interface RunState {
  listeners: Listeners | undefined;
  readonly members: readonly [Member, ...Member[]];
  stopping: boolean;
  core(): SupervisorStatus;
}

export function createRunState(
  self: ProcessId,
  owner: ProcessId | undefined,
  members: readonly [Member, ...Member[]],
): RunState {
  const startedMs = Date.now();
  const state: RunState = {
    listeners: undefined,
    members,
    stopping: false,
    core() {
      const tailnets = members.map(statusOf);
      const failing = members.find((member) => member.state.kind === 'down');
      return {
        ...(tailnets[0] as MemberStatus),
        pid: self.pid,
        state: state.stopping ? 'stopping' : phaseOf(tailnets),
        error: failing?.state.kind === 'down' ? named(failing) : undefined,
        startedMs,
        owner,
        listeners: state.listeners,
        droppedLogLines: members.reduce((sum, { log }) => sum + log.dropped(), 0),
        tailnets,
      };
    },
  };
  return state;
}

function named({ name, state }: Member): SupervisorStatus['error'] {
  if (state.kind !== 'down' || name === '') return state.kind === 'down' ? state.error : undefined;
  return { ...state.error, message: `${name}: ${state.error.message}` };
}

function statusOf(member: Member): MemberStatus {
  const { name, isOptional, state, keeper } = member;
  return {
    name,
    isOptional,
    state: state.kind === 'down' ? (keeper === undefined ? 'failed' : 'degraded') : state.kind,
    error: state.kind === 'down' ? state.error : undefined,
    node: state.kind === 'running' ? state.node : undefined,
    tailscaled: { pid: keeper?.current()?.view.pid, restarts: keeper?.restarts() ?? 0 },
  };
}

/** A run whose optional tailnet was not joined goes on. */
function phaseOf(tailnets: readonly MemberStatus[]): SupervisorStatus['state'] {
  const has = (wanted: MemberStatus['state'], isOptional?: boolean): boolean =>
    tailnets.some(
      (one) => one.state === wanted && (isOptional === undefined || one.isOptional === isOptional),
    );
  if (has('failed', false)) return 'failed';
  if (has('starting')) return 'starting';
  return has('degraded') || has('failed') ? 'degraded' : 'running';
}

export function runningState(joined: Joined): TailnetState {
  return { kind: 'running', view: joined.view, node: joined.node };
}

export function downState(error: unknown): TailnetState {
  return { kind: 'down', error: toErrorMessage(error) };
}
