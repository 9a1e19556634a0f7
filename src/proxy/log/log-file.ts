/**
 * A file of lines that never holds up its writer: it writes in batches off the request's path, rotates by
 * size, keeps lines back while the disk is full or slow, and counts those it had to drop.
 *
 * Not pino.destination, whose flush at exit never ends on a full disk, nor rotating-file-stream, which takes
 * a short write (a disk that fills up) for a whole one.
 */
import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { linesIn, WaitingLines } from './waiting-lines.ts';

export interface LogFileOptions {
  readonly path: string;
  /** Size at which the file is renamed to `.1` and a new one begun. */
  readonly maxBytes: number;
  /** How many of `.1`, `.2` … are kept. */
  readonly keep: number;
  /** How much waits in memory for a disk that is full or slow. */
  readonly maxWaitingBytes: number;
}

/** Long enough for a burst to be one write, short enough that whoever looks after a request finds its line. */
const batchAfterMs = 50;
const retryAfterMs = 1000;
const closeWithinMs = 1000;
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** @throws the system's error if the file cannot be opened (or is a link) */
export async function openLogFile(options: LogFileOptions): Promise<LogFile> {
  const handle = await open(options.path, flags, 0o600);
  const { size } = await handle.stat();
  return new LogFile(options, handle, size);
}

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #closing = new AbortController();
  #handle: FileHandle;
  #size: number;
  readonly #waiting = new WaitingLines();
  /** What a full disk left over of the lines that were taken last. */
  #rest: Buffer = Buffer.alloc(0);
  #dropped = 0;
  #draining: Promise<void> | undefined;

  constructor(options: LogFileOptions, handle: FileHandle, size: number) {
    this.#options = options;
    this.#handle = handle;
    this.#size = size;
  }

  /** @param line - with its line feed; ASCII for the most part, its length stands for its bytes */
  write(line: string): void {
    const isFull = this.#waiting.bytes + line.length > this.#options.maxWaitingBytes;
    if (isFull || this.#closing.signal.aborted) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.add(line);
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
  }

  /** Lines that never reached the disk. */
  dropped(): number {
    return this.#dropped;
  }

  /** Writes what waits, for 1 s at most; what is left then counts as dropped. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await Promise.race([this.#draining, delay(closeWithinMs, undefined, { ref: false })]);
    this.#dropped += this.#waiting.clear() + linesIn(this.#rest);
    await this.#handle.close().catch(() => undefined);
  }

  /** Pauses before each round: lines that come one by one must not cost a write each. */
  async #drain(): Promise<void> {
    while (this.#waiting.bytes > 0 || this.#rest.length > 0) {
      await this.#pause(batchAfterMs, { isVital: true });
      try {
        await this.#writeWhatWaits();
      } catch {
        if (this.#closing.signal.aborted) return;
        await this.#pause(retryAfterMs, { isVital: false });
      }
    }
  }

  /** Not what comes meanwhile. */
  async #writeWhatWaits(): Promise<void> {
    await this.#writeRest();
    for (let left = this.#waiting.bytes; left > 0;) {
      const lines = this.#waiting.take();
      if (lines === undefined) return;
      this.#rest = lines;
      left -= lines.length;
      await this.#rotateFor(this.#rest.length);
      await this.#writeRest();
    }
  }

  /** Ends early when the file is closed. A process may end before a full disk is tried again, not before a first try. */
  async #pause(ms: number, { isVital }: { isVital: boolean }): Promise<void> {
    const { signal } = this.#closing;
    await delay(ms, undefined, { signal, ref: isVital }).catch(() => undefined);
  }

  async #writeRest(): Promise<void> {
    while (this.#rest.length > 0) {
      const { bytesWritten } = await this.#handle.write(this.#rest);
      this.#size += bytesWritten;
      this.#rest = this.#rest.subarray(bytesWritten);
    }
  }

  async #rotateFor(bytes: number): Promise<void> {
    const { path, maxBytes, keep } = this.#options;
    if (this.#size === 0 || this.#size + bytes <= maxBytes) return;
    for (let index = keep; index > 1; index--)
      await renameIfThere(`${path}.${index - 1}`, `${path}.${index}`);
    await renameIfThere(path, `${path}.1`);
    const next = await open(path, flags, 0o600);
    await this.#handle.close();
    this.#handle = next;
    this.#size = 0;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
