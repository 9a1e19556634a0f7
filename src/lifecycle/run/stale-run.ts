import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { readPidfile } from '../folder/pidfile.ts';
import { type ProcessId, signalProcess, waitForExit } from '../folder/process-id.ts';
import {
  memberNames,
  memberPaths,
  removeSecretFiles,
  type RuntimeFolder,
} from '../folder/runtime-folder.ts';

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

/** Ends every tailscaled of a supervisor that was killed; one that is not ours has another start time. */
export async function endLeftoverTailscaled(
  folder: RuntimeFolder,
  graceMs: number,
): Promise<boolean> {
  const names = await memberNames(folder);
  const ended = names.map(async (name) => {
    const recorded = await readPidfile(memberPaths(folder, name).tailscaledPidfile);
    return recorded.kind !== 'running' || (await endProcess(recorded.process, graceMs));
  });
  return (await Promise.all(ended)).every(Boolean);
}

/** What each tailscaled had. */
export function filesOfTailnets(folder: RuntimeFolder, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const { tailscaledHome, tailscaledPidfile, tailscaledSocket } = memberPaths(folder, name);
    return [tailscaledSocket, tailscaledPidfile, tailscaledHome];
  });
}

/** Files of a run that is over; the logs, the report and the folder stay. */
export function filesOfARun(
  folder: RuntimeFolder,
  names: readonly string[] = [''],
): readonly string[] {
  return [
    folder.controlSocket,
    ...filesOfTailnets(folder, names),
    folder.before,
    `${folder.pidfile}.takeover`,
    folder.pidfile,
  ];
}

/** @returns the paths that are still there */
export async function removeFilesOfARun(folder: RuntimeFolder): Promise<string[]> {
  await removeSecretFiles(folder);
  const files = filesOfARun(folder, await memberNames(folder));
  await Promise.all(
    files.map((path) => rm(path, { force: true, recursive: true }).catch(() => {})),
  );
  return files.filter((path) => existsSync(path));
}
