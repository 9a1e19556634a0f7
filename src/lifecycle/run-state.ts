import type { TailscaledLog } from './tailscaled-log.ts';
import { toErrorMessage } from './error-message.ts';
import type { Joined } from './join.ts';
import type { Keeper } from './keep-joined.ts';
import type { Listeners } from './progress.ts';
import type { SupervisorStatus, TailnetState } from './supervisor-parts.ts';
import type { ProcessId } from './process-id.ts';

/** What is true of a run now; one value that the supervisor changes and `status` reads. */
export interface RunState {
  listeners: Listeners | undefined;
  keeper: Keeper | undefined;
  stopping: boolean;
  tailnet: TailnetState;
  core(): SupervisorStatus;
}

export function createRunState(
  self: ProcessId,
  owner: ProcessId | undefined,
  log: TailscaledLog,
): RunState {
  const startedMs = Date.now();
  const state: RunState = {
    listeners: undefined,
    keeper: undefined,
    stopping: false,
    tailnet: { kind: 'starting', step: 'listeners' },
    core: () => ({
      pid: self.pid,
      state: phaseOf(state),
      error: state.tailnet.kind === 'down' ? state.tailnet.error : undefined,
      startedMs,
      owner,
      listeners: state.listeners,
      node: state.tailnet.kind === 'running' ? state.tailnet.node : undefined,
      tailscaled: {
        pid: state.keeper?.current()?.view.pid,
        restarts: state.keeper?.restarts() ?? 0,
      },
      droppedLogLines: log.dropped(),
    }),
  };
  return state;
}

function phaseOf(state: RunState): SupervisorStatus['state'] {
  if (state.stopping) return 'stopping';
  if (state.tailnet.kind === 'running') return 'running';
  if (state.tailnet.kind === 'starting') return 'starting';
  return state.keeper === undefined ? 'failed' : 'degraded';
}

export function runningState(joined: Joined): TailnetState {
  return { kind: 'running', view: joined.view, node: joined.node };
}

export function downState(error: unknown): TailnetState {
  return { kind: 'down', error: toErrorMessage(error) };
}
