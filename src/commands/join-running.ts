/** `up` and `wait` where a supervisor runs already: they wait for that one and change nothing. */
import { SpacetailError } from '../errors.ts';
import { callControl } from '../lifecycle/control/control-client.ts';
import { fromErrorMessage } from '../lifecycle/control/error-message.ts';
import type { ProcessId } from '../lifecycle/folder/process-id.ts';
import type { ProgressEvent } from '../lifecycle/join/progress.ts';
import type { RuntimeFolder } from '../lifecycle/folder/runtime-folder.ts';
import type { StatusDocument } from '../serve/status.ts';
import type { CommandIo } from './io.ts';

export interface JoinRunningOptions {
  readonly wait: boolean;
  readonly timeoutMs: number;
  /** Whose end ends the run from now on, too; `undefined` where the caller is nobody's shell. */
  readonly owner: ProcessId | undefined;
  /** The caller wants the run to outlive every shell. */
  readonly isUnowned: boolean;
  readonly onEvent: (event: ProgressEvent) => void;
}

export type JoinedRunning =
  | { readonly kind: 'joined'; readonly status: StatusDocument }
  /** It is on its way down: wait for its end, then start anew. */
  | { readonly kind: 'ending' };

async function adopt(
  folder: RuntimeFolder,
  options: JoinRunningOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const pid = options.isUnowned ? 0 : options.owner?.pid;
  if (pid === undefined) return true;
  try {
    await callControl(folder.controlSocket, 'own', { parameters: { pid }, signal });
    return true;
  } catch (error) {
    if (error instanceof SpacetailError && error.code === 'not_up') return false;
    throw error;
  }
}

/** The run that was told to go on without it does. */
function onlyOptionalIsDown({ tailnets = [] }: StatusDocument): boolean {
  const needed = tailnets.filter(({ optional }) => !optional);
  return needed.length > 0 && needed.every(({ state }) => state === 'running');
}

/**
 * @throws SpacetailError what its own `up` failed with, tailscaled_failed where it is up but not healthy,
 *   up_timeout, control_failed
 */
export async function joinRunning(
  folder: RuntimeFolder,
  io: CommandIo,
  options: JoinRunningOptions,
): Promise<JoinedRunning> {
  const limit = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([io.signal, limit]);
  try {
    if (!(await adopt(folder, options, signal))) return { kind: 'ending' };
    if (options.wait) {
      const last = (await callControl(folder.controlSocket, 'wait', {
        signal,
        onProgress: (event) => options.onEvent(event as ProgressEvent),
      })) as ProgressEvent | null;
      if (last?.kind === 'failed') throw fromErrorMessage(last.error);
    }
    const status = (await callControl(folder.controlSocket, 'status', {
      signal,
    })) as StatusDocument;
    if ((status.state === 'degraded' || status.state === 'failed') && !onlyOptionalIsDown(status)) {
      const why = status.detail ?? 'the reason is not known';
      throw new SpacetailError('tailscaled_failed', `spacetail is up but ${status.state}: ${why}`);
    }
    return { kind: 'joined', status };
  } catch (error) {
    if (!limit.aborted || io.signal.aborted) throw error;
    throw new SpacetailError(
      'up_timeout',
      `the run that is up already was not ready within SPACETAIL_UP_TIMEOUT (${options.timeoutMs / 1000} s)`,
    );
  }
}
