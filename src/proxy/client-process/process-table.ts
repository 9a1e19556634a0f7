/** Processes and the sockets that they hold, in /proc (proc_pid_fd(5)). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientProcess } from '../core/request-record.ts';

/** Looking through processes stops the event loop no longer than this at a time. */
const SLICE_MS = 4;
const SOCKET = 'socket:[';
/** More than any tree of processes that somebody starts on purpose. */
const MOST_ANCESTORS = 64;

/** Newest processes first: clients are mostly younger than what was there before them. */
export function listProcesses(procFolder: string): number[] {
  const pids = (attempt(() => readdirSync(procFolder)) ?? []).map(Number).filter((pid) => pid > 0);
  return pids.toSorted((a, b) => b - a);
}

/** Calls `found` with each socket's inode that one of the processes has, until it says that this was all. */
export async function scanProcesses(
  pids: Iterable<number>,
  procFolder: string,
  found: (inode: string, pid: number) => 'done' | 'more',
): Promise<void> {
  let sliceEndMs = performance.now() + SLICE_MS;
  for (const pid of pids) {
    const folder = `${procFolder}/${pid}/fd`;
    // A process that has ended, or may not be looked into, has none.
    for (const name of attempt(() => readdirSync(folder)) ?? []) {
      // Each of these calls takes microseconds, less than its way through the thread pool would take this thread.
      const link = attempt(() => readlinkSync(`${folder}/${name}`));
      const inode = link?.startsWith(SOCKET) === true ? link.slice(SOCKET.length, -1) : undefined;
      if (inode !== undefined && found(inode, pid) === 'done') return;
      if (performance.now() < sliceEndMs) continue;
      await nextTurn();
      sliceEndMs = performance.now() + SLICE_MS;
    }
  }
}

/** `undefined` if it has ended. */
export function describeProcess(pid: number, procFolder: string): ClientProcess | undefined {
  const link = attempt(() => readlinkSync(`${procFolder}/${pid}/exe`));
  if (link === undefined) return undefined;
  const exe = link.replace(/ \(deleted\)$/, '');
  // Providers are programs named `terraform-provider-NAME_vVERSION` (Terraform: Plugin Development, naming).
  const name = basename(exe);
  return { pid, exe, provider: name.startsWith('terraform-provider-') ? name : null };
}

/** Whether `pid` is a child of `ancestor`, or a child's child. A process that cannot be looked at may be one. */
export function descendsFrom(pid: number, ancestor: number, procFolder = '/proc'): boolean {
  let at = pid;
  for (let step = 0; step < MOST_ANCESTORS; step += 1) {
    const parent = parentOf(at, procFolder);
    if (parent === undefined || parent === ancestor) return true;
    if (parent <= 1) return false;
    at = parent;
  }
  return true;
}

/** Of proc(5) stat: the fourth field; the second is a name that may have spaces and brackets in it. */
function parentOf(pid: number, procFolder: string): number | undefined {
  const stat = attempt(() => readFileSync(`${procFolder}/${pid}/stat`, 'latin1'));
  return stat === undefined
    ? undefined
    : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** `undefined` where it fails: processes end at any time, and some may not be looked into. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
