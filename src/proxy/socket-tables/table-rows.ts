/** Reads the kernel's tables of TCP sockets, /proc/net/tcp and tcp6 (proc_pid_net(5)). */
import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { TimeSlice } from './time-slice.ts';

const readInThreadPool = promisify(read);

/** A row has 150 bytes, in the table of IPv6 up to 180. */
const longestRow = 256;
/** The kernel hands out no more than a page at a time. */
const pageBytes = 4096;
/** Some rows: who finds his among them has not paid for the rest. */
const firstBytes = 2 * longestRow;
const slowReadMs = 1.5;
const newline = 10;
/** One may be slow because the machine was busy with something else. */
const slowReadsInTurn = 3;
/** In the thread pool so many reads are done until one is tried here again. */
const readsElsewhere = 20;
let slowReads = 0;

export interface TableOptions {
  /** Nothing is lost where it takes some milliseconds longer: it does not stop the event loop. */
  readonly isPatient?: boolean;
}

/**
 * Whole rows, some at a time and valid until the next are asked for; none where there is no such table (tcp6 without IPv6).
 *
 * The kernel walks its hash table of connections, 2 MB of mostly empty buckets on a usual machine: 0.5 to 3.4 ms. A
 * read of few rows walks a part of it. In the thread pool it would not be in the way of the event loop, but a busy
 * machine runs those threads milliseconds later, when the client may be gone; here it mostly waits for its answer meanwhile.
 * At the end the kernel would walk all of it once more only to say that there is nothing left: a read that came
 * back with room for another row was the last.
 */
export async function* readTable(
  path: string,
  slice: TimeSlice,
  { isPatient = false }: TableOptions = {},
): AsyncGenerator<Buffer> {
  const table = openTable(path);
  if (table === undefined) return;
  slice.begin();
  try {
    // Bytes, not text: a table of 30,000 rows would leave megabytes of strings to the collector each time.
    const buffer = Buffer.allocUnsafe(longestRow + pageBytes);
    let partial = 0;
    // A page of a table with many rows is there at once; through one with few the kernel walks for milliseconds.
    let mayWalk = isPatient;
    let size = isPatient ? pageBytes : firstBytes;
    for (let isLast = false; !isLast; size = Math.min(2 * size, pageBytes)) {
      const into = buffer.subarray(partial, partial + size);
      const bytesRead = await (mayWalk ? readElsewhere : readSome)(table, into, slice);
      isLast = bytesRead < size - longestRow;
      mayWalk = false;
      const rows = buffer.subarray(0, partial + bytesRead);
      const end = rows.lastIndexOf(newline) + 1;
      yield rows.subarray(0, end);
      // What has no end is no row.
      partial = rows.length - end > longestRow ? 0 : rows.length - end;
      buffer.copyWithin(0, end, end + partial);
      if (slice.isOver) await slice.rest();
    }
  } finally {
    slice.end();
    closeSync(table);
  }
}

function openTable(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

async function readElsewhere(table: number, into: Buffer, slice: TimeSlice): Promise<number> {
  // A busy machine runs those threads late, and that is no work of ours.
  slice.end();
  const { bytesRead } = await readInThreadPool(table, into, 0, into.length, null);
  slice.begin();
  return bytesRead;
}

async function readSome(table: number, into: Buffer, slice: TimeSlice): Promise<number> {
  if (slowReads >= slowReadsInTurn) {
    slowReads -= 1 / readsElsewhere;
    return readElsewhere(table, into, slice);
  }
  const startMs = performance.now();
  const bytesRead = readSync(table, into, 0, into.length, null);
  slowReads = performance.now() - startMs > slowReadMs ? slowReads + 1 : 0;
  return bytesRead;
}
