import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { isRunning, type ProcessId } from './process-id.ts';

export type PidfileContent =
  | { readonly kind: 'absent' }
  | { readonly kind: 'running'; readonly process: ProcessId }
  /** It names nothing that runs: its process is gone, its pid is someone else's now, or it is junk. */
  | { readonly kind: 'stale'; readonly text: string };

export type Claim =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'taken'; readonly by: ProcessId };

/** A claimer that was killed between taking the marker and removing it must not lock out the next. */
const abandonedMarkerMs = 10_000;

function parse(text: string): ProcessId | undefined {
  const match = /^(\d{1,10}) (\d{1,16})\n?$/.exec(text);
  return match === null ? undefined : { pid: Number(match[1]), startTicks: Number(match[2]) };
}

/** Reads `PID STARTTICKS` and looks whether that very process runs. */
export async function readPidfile(path: string): Promise<PidfileContent> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
  const process = parse(text);
  return process !== undefined && isRunning(process)
    ? { kind: 'running', process }
    : { kind: 'stale', text };
}

/** True when the path did not exist and now holds the text; it appears with its content or not at all. */
async function createWhole(path: string, text: string, own: ProcessId): Promise<boolean> {
  const draft = `${path}.${own.pid}`;
  await rm(draft, { force: true });
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    // A file system without hard links: the file is empty for a moment.
    return await writeFile(path, text, { mode: 0o600, flag: 'wx' }).then(
      () => true,
      () => false,
    );
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes a stale pidfile. Of several that saw it stale only the holder of the marker may, and only if
 * the text is still the same, so that a fresh pidfile is never taken away.
 */
async function removeStale(path: string, text: string, own: ProcessId): Promise<void> {
  const marker = `${path}.takeover`;
  if (!(await createWhole(marker, `${own.pid}`, own))) {
    const since = await stat(marker).catch(() => undefined);
    if (since !== undefined && Date.now() - since.mtimeMs > abandonedMarkerMs) {
      await rm(marker, { force: true });
    }
    return;
  }
  try {
    const now = await readPidfile(path);
    if (now.kind === 'stale' && now.text === text) await rm(path, { force: true });
  } finally {
    await rm(marker, { force: true });
  }
}

/**
 * Makes the pidfile ours, or tells who has it. A stale one is replaced; of two at once exactly one wins.
 */
export async function claimPidfile(path: string, own: ProcessId): Promise<Claim> {
  for (;;) {
    if (await createWhole(path, `${own.pid} ${own.startTicks}\n`, own)) return { kind: 'claimed' };
    const content = await readPidfile(path);
    if (content.kind === 'running') return { kind: 'taken', by: content.process };
    if (content.kind === 'stale') await removeStale(path, content.text, own);
    // Another claimer is at it: it needs a few file operations.
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** Writes the pidfile of a child of ours, over whatever stood there. */
export async function recordProcess(path: string, child: ProcessId): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, `${child.pid} ${child.startTicks}\n`, { mode: 0o600, flag: 'wx' });
}

/** Removes the pidfile if it is still ours. */
export async function releasePidfile(path: string, own: ProcessId): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const process = parse(text);
  if (process?.pid === own.pid && process.startTicks === own.startTicks)
    await rm(path, { force: true });
}
