import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { readPidfile } from './pidfile.ts';
import { type ProcessId, signalProcess, waitForExit } from './process-id.ts';
import { removeSecretFiles, type RuntimeFolder } from './runtime-folder.ts';

/**
 * Ends a process that may not listen: SIGTERM, after `graceMs` SIGKILL. Only ever this very process.
 * @returns whether it is gone
 */
export async function endProcess(target: ProcessId, graceMs: number): Promise<boolean> {
  signalProcess(target, 'SIGTERM');
  if (await waitForExit(target, graceMs)) return true;
  signalProcess(target, 'SIGKILL');
  return await waitForExit(target, 1000);
}

/** Ends the tailscaled of a supervisor that was killed; one that is not ours has another start time. */
export async function endLeftoverTailscaled(
  folder: RuntimeFolder,
  graceMs: number,
): Promise<boolean> {
  const recorded = await readPidfile(folder.tailscaledPidfile);
  return recorded.kind !== 'running' || (await endProcess(recorded.process, graceMs));
}

/** Files of a run that is over; the logs, the report and the folder stay. */
export function filesOfARun(folder: RuntimeFolder): readonly string[] {
  return [
    folder.controlSocket,
    folder.tailscaledSocket,
    folder.tailscaledPidfile,
    folder.tailscaledHome,
    folder.before,
    `${folder.pidfile}.takeover`,
    folder.pidfile,
  ];
}

/** @returns the paths that are still there */
export async function removeFilesOfARun(folder: RuntimeFolder): Promise<string[]> {
  await removeSecretFiles(folder);
  await Promise.all(
    filesOfARun(folder).map((path) => rm(path, { force: true, recursive: true }).catch(() => {})),
  );
  return filesOfARun(folder).filter((path) => existsSync(path));
}
