/** Reads the kernel's tables of TCP sockets, /proc/net/tcp and tcp6 (proc_pid_net(5)). */
import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { TimeSlice } from './time-slice.ts';

const readInThreadPool = promisify(read);

/** A row has 150 bytes, in the table of IPv6 up to 180. */
const longestRow = 256;
/** The kernel hands out no more than a page at a time. */
const pageBytes = 4096;
/** Some rows: who finds his among them has not paid for the rest. */
const firstBytes = 2 * longestRow;
const sliceMs = 0.5;
const slowReadMs = 1.5;
/** One may be slow because the machine was busy with something else. */
const slowReadsInTurn = 3;
/** In the thread pool so many reads are done until one is tried here again. */
const readsElsewhere = 20;
let slowReads = 0;

/**
 * Whole rows, some at a time; none where there is no such table (tcp6 without IPv6).
 *
 * The kernel walks its hash table of connections, 2 MB of mostly empty buckets on a usual machine: 0.5 to 3.4 ms. A
 * read of few rows walks a part of it. In the thread pool it would not be in the way of the event loop, but a busy
 * machine runs those threads milliseconds later, when the client may be gone; here it mostly waits for its answer meanwhile.
 * At the end the kernel would walk all of it once more only to say that there is nothing left: a read that came
 * back with room for another row was the last.
 */
export async function* readTable(path: string): AsyncGenerator<string> {
  const table = openTable(path);
  if (table === undefined) return;
  const slice = new TimeSlice(sliceMs);
  try {
    const buffer = Buffer.allocUnsafe(pageBytes);
    let partial = '';
    for (let size = firstBytes, isLast = false; !isLast; size = Math.min(2 * size, pageBytes)) {
      const bytesRead = await readSome(table, buffer, size);
      isLast = bytesRead < size - longestRow;
      const text = partial + buffer.toString('latin1', 0, bytesRead);
      const end = text.lastIndexOf('\n') + 1;
      partial = text.slice(end);
      yield text.slice(0, end);
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

async function readSome(table: number, buffer: Buffer, size: number): Promise<number> {
  if (slowReads >= slowReadsInTurn) {
    slowReads -= 1 / readsElsewhere;
    return (await readInThreadPool(table, buffer, 0, size, null)).bytesRead;
  }
  const startMs = performance.now();
  const bytesRead = readSync(table, buffer, 0, size, null);
  slowReads = performance.now() - startMs > slowReadMs ? slowReads + 1 : 0;
  return bytesRead;
}
