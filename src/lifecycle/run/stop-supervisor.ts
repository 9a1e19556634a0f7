import { messageOf } from '../../errors.ts';
import { callControl } from '../control/control-client.ts';
import { endLeftoverTailscaled, endProcess, removeFilesOfARun } from './stale-run.ts';
import { readPidfile } from '../folder/pidfile.ts';
import { isRunning, type ProcessId, waitForExit } from '../folder/process-id.ts';
import { findRuntimeFolder, type RuntimeFolder } from '../folder/runtime-folder.ts';

export type Stopped =
  | { readonly kind: 'not_up'; readonly left: readonly string[] }
  | {
      readonly kind: 'stopped';
      /** What the supervisor's `finish` returned; undefined when it had to be killed. */
      readonly record: unknown;
      /** Why it could not be asked, when it could not. */
      readonly forced: string | undefined;
      /** What is still there, one clause each; empty when all is gone. */
      readonly left: readonly string[];
    };

export interface StopOptions {
  /** All of it takes no longer; 9,500 when not given. */
  readonly deadlineMs?: number;
}

/** Kept back for SIGTERM and SIGKILL when the supervisor does not answer. */
const forceMs = 1500;

/**
 * Ends the run of a runtime folder: asks the supervisor, else signals it (its start time is checked, nothing
 * else is ever touched), and removes what a killed one left behind. Nothing up is fine.
 *
 * @throws {SpacetailError} `runtime_folder_unsafe`
 */
export async function stopSupervisor(
  runtimeDir: string,
  options: StopOptions = {},
): Promise<Stopped> {
  const deadline = performance.now() + (options.deadlineMs ?? 9500);
  const leftMs = (): number => Math.max(0, deadline - performance.now());
  const folder = await findRuntimeFolder(runtimeDir);
  if (folder === undefined) return { kind: 'not_up', left: [] };
  const content = await readPidfile(folder.pidfile);
  if (content.kind !== 'running') {
    return { kind: 'not_up', left: await sweep(folder, leftMs()) };
  }
  const supervisor = content.process;
  let record: unknown;
  let forced: string | undefined;
  try {
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(leftMs() - forceMs)));
    record = await callControl(folder.controlSocket, 'stop', { signal });
    if (!(await waitForExit(supervisor, Math.max(0, leftMs() - forceMs)))) {
      forced = 'the supervisor did not end after it had answered';
    }
  } catch (error) {
    forced = messageOf(error);
  }
  if (forced !== undefined && isRunning(supervisor))
    await endProcess(supervisor, Math.min(forceMs / 2, leftMs()));
  return { kind: 'stopped', record, forced, left: await sweep(folder, leftMs(), supervisor) };
}

/** Removes what is left of a run whose supervisor is gone; tells what could not be. */
async function sweep(
  folder: RuntimeFolder,
  limitMs: number,
  supervisor?: ProcessId,
): Promise<string[]> {
  const left: string[] = [];
  if (supervisor !== undefined && isRunning(supervisor)) {
    // Its files are in use as long as it lives.
    return [`supervisor, pid ${supervisor.pid}`];
  }
  if (!(await endLeftoverTailscaled(folder, Math.min(500, limitMs)))) left.push('tailscaled');
  // A new `up` may have taken the folder meanwhile: then nothing in it is left over.
  if ((await readPidfile(folder.pidfile)).kind === 'running') return left;
  return [...left, ...(await removeFilesOfARun(folder))];
}
