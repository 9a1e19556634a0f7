import { rename, rm, writeFile } from 'node:fs/promises';
import type { RuntimeFolder } from '../lifecycle/folder/runtime-folder.ts';
import type { RunSnapshot } from '../report/snapshot.ts';

/** Writes last-run.json whole or not at all; a full disk costs the report, not the run. */
export async function writeLastRun(folder: RuntimeFolder, snapshot: RunSnapshot): Promise<void> {
  const draft = `${folder.lastRun}.draft`;
  try {
    await rm(draft, { force: true });
    await writeFile(draft, JSON.stringify(snapshot), { mode: 0o600, flag: 'wx' });
    await rename(draft, folder.lastRun);
  } catch {
    await rm(draft, { force: true }).catch(() => {});
  }
}
