/** Finds the processes that hold sockets, in /proc/PID/fd. */
import { opendirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Dir } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ClientProcess } from '../core/request-record.ts';
import type { TimeSlice } from '../socket-tables/time-slice.ts';

/** So that a process with 100,000 descriptors is read in slices too. */
const entriesAtOnce = 64;
/** To list a folder in parts costs twice as much as at once; so many names at once take 0.1 ms. */
const fewEntries = 256;

/** `socket:[INODE]` */
const socketLink = /^socket:\[(\d+)\]$/;

/** Takes what it finds out of `wanted`. */
export interface Wanted {
  /** Whether everything was found. */
  isDone(): boolean;
  /** @returns whether the inode was wanted */
  found(inode: string, pid: number): boolean;
}

/** The last process that was started, and those whose numbers are next to its. */
const guesses = 16;
const threadGroup = /^Tgid:\t(\d+)$/m;

/**
 * Processes that may have started last, or of which a thread has, without listing all; newest first. By the last field of
 * /proc/loadavg (proc(5)), which counts in the reader's own namespace. Without ourselves: of threads we start some too.
 */
export async function justStarted(procFolder: string, slice: TimeSlice): Promise<number[]> {
  const averages = attempt(() => readFileSync(`${procFolder}/loadavg`, 'latin1'));
  const last = Number(averages?.trim().split(' ').at(-1));
  if (!(last > 0)) return [];
  const pids = new Set<number>();
  slice.begin();
  for (let id = last; id > Math.max(0, last - guesses); id -= 1) {
    // Each thread has the folder of descriptors of its process: one of them is enough.
    const pid = processOf(id, procFolder);
    if (pid !== undefined && pid !== process.pid) pids.add(pid);
    if (slice.isOver) await slice.rest();
  }
  slice.end();
  return [...pids];
}

/** `undefined` if it has ended. @param id - of a process, or of one of its threads */
function processOf(id: number, procFolder: string): number | undefined {
  const status = attempt(() => readFileSync(`${procFolder}/${id}/status`, 'latin1'));
  const group = status === undefined ? undefined : threadGroup.exec(status)?.[1];
  return group === undefined ? undefined : Number(group);
}

/** Newest processes first: clients are mostly younger than what was there before them. */
export async function listProcesses(procFolder: string, slice: TimeSlice): Promise<number[]> {
  const names = await readdir(procFolder);
  const pids: number[] = [];
  slice.begin();
  for (const name of names) {
    const pid = Number(name);
    if (pid > 0) pids.push(pid);
    if (slice.isOver) await slice.rest();
  }
  pids.sort((a, b) => b - a);
  slice.end();
  return pids;
}

/** Whether there is such a process, or a zombie of it. */
export function isRunning(pid: number, procFolder: string): boolean {
  return attempt(() => statSync(`${procFolder}/${pid}`, { throwIfNoEntry: false })) !== undefined;
}

/** What a program has from whoever started it: seldom a connection of its own. */
const standardStreams = ['0', '1', '2'];

/**
 * Looks through the processes in turn until everything is found. A process that may not be looked into is passed over.
 * Each call of the system costs microseconds here, less than its way through the thread pool would cost this thread.
 */
export async function scanProcesses(
  pids: readonly number[],
  wanted: Wanted,
  procFolder: string,
  slice: TimeSlice,
): Promise<void> {
  slice.begin();
  for (const namesIn of [openedDescriptors, () => standardStreams]) {
    for (const pid of pids) {
      if (wanted.isDone()) break;
      if (slice.isOver) await slice.rest();
      await scanProcess(pid, namesIn, wanted, procFolder, slice);
    }
  }
  slice.end();
}

async function scanProcess(
  pid: number,
  namesIn: (folder: string) => Iterable<string>,
  wanted: Wanted,
  procFolder: string,
  slice: TimeSlice,
): Promise<void> {
  const folder = `${procFolder}/${pid}/fd`;
  for (const name of namesIn(folder)) {
    const link = attempt(() => readlinkSync(`${folder}/${name}`));
    const inode = link === undefined ? undefined : socketLink.exec(link)?.[1];
    if (inode !== undefined && wanted.found(inode, pid) && wanted.isDone()) return;
    if (slice.isOver) await slice.rest();
  }
}

/** All but the standard streams. */
function* openedDescriptors(folder: string): Generator<string> {
  for (const name of descriptorsIn(folder)) if (!standardStreams.includes(name)) yield name;
}

/**
 * How many there are, without listing them; 0 before Linux 6.2, and for a process that has ended.
 *
 * @param folder - /proc/PID/fd
 */
export function descriptorCount(folder: string): number {
  return attempt(() => statSync(folder, { throwIfNoEntry: false })?.size) ?? 0;
}

function* descriptorsIn(folder: string): Generator<string> {
  const count = descriptorCount(folder);
  if (count > 0 && count <= fewEntries) {
    yield* attempt(() => readdirSync(folder)) ?? [];
    return;
  }
  const descriptors = attempt(() => opendirSync(folder, { bufferSize: entriesAtOnce }));
  if (descriptors === undefined) return;
  try {
    for (let name = next(descriptors); name !== undefined; name = next(descriptors)) yield name;
  } finally {
    descriptors.closeSync();
  }
}

function next(descriptors: Dir): string | undefined {
  return attempt(() => descriptors.readSync())?.name;
}

/** `undefined` if it has ended. */
export function describeProcess(pid: number, procFolder: string): ClientProcess | undefined {
  const link = attempt(() => readlinkSync(`${procFolder}/${pid}/exe`));
  if (link === undefined) return undefined;
  const exe = link.replace(/ \(deleted\)$/, '');
  return { pid, exe, provider: providerOf(exe) };
}

/** Providers are programs named `terraform-provider-NAME_vVERSION` (Terraform: Plugin Development, naming). */
function providerOf(exe: string): string | null {
  const name = basename(exe);
  return name.startsWith('terraform-provider-') ? name : null;
}

/** `undefined` where it fails: processes end at any time, and some may not be looked into. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
