/**
 * A file of lines that never holds up its writer: it writes in batches off the request's path, rotates by
 * size, keeps lines back while the disk is full or slow, and counts those it had to drop.
 *
 * Not pino.destination, whose flush at exit never ends on a full disk, nor a rotating stream, which takes
 * a short write (a disk that fills up) for a whole one.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { pause, within } from './async.ts';

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
/** Of one write, so that files are not much larger than they should be. */
const batchBytes = 65_536;
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #closing = new AbortController();
  readonly #openFile: (path: string) => Promise<FileHandle>;
  #handle: FileHandle | undefined;
  #size = 0;
  #lines: string[] = [];
  #waitingBytes = 0;
  /** What a full disk left over of the lines that were taken last. */
  #rest: Buffer = Buffer.alloc(0);
  #dropped = 0;
  #draining: Promise<void> | undefined;
  readonly #onExit = (): void => this.#writeAtExit();

  /** Opens nothing yet: a file that cannot be opened is tried again, as a full disk is. */
  constructor(options: LogFileOptions, openFile = openToAppend) {
    this.#options = options;
    this.#openFile = openFile;
    process.on('exit', this.#onExit);
  }

  /**
   * For whoever wants to know at once.
   *
   * @throws the system's error if the file cannot be opened (or is a link)
   */
  async open(): Promise<void> {
    const handle = await this.#openFile(this.#options.path);
    this.#size = (await handle.stat()).size;
    this.#handle = handle;
  }

  /** @param line - with its line feed */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    const isFull = this.#waitingBytes + bytes > this.#options.maxWaitingBytes;
    if (isFull || this.#closing.signal.aborted) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#waitingBytes += bytes;
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
    await within(closeWithinMs, this.#draining);
    this.#dropped += this.#lines.length + linesIn(this.#rest);
    this.#lines = [];
    process.off('exit', this.#onExit);
    await this.#handle?.close().catch(() => undefined);
  }

  /** Pauses before each round: lines that come one by one must not cost a write each. */
  async #drain(): Promise<void> {
    while (this.#lines.length > 0 || this.#rest.length > 0) {
      await pause(batchAfterMs, this.#closing.signal);
      try {
        await this.#writeWhatWaits();
      } catch {
        if (this.#closing.signal.aborted) return;
        await pause(retryAfterMs, this.#closing.signal);
      }
    }
  }

  /** Not what comes meanwhile. */
  async #writeWhatWaits(): Promise<void> {
    if (this.#handle === undefined) await this.open();
    await this.#writeRest();
    for (let left = this.#lines.length; left > 0;) {
      const lines = this.#takeLines();
      left -= lines.length;
      this.#rest = Buffer.from(lines.join(''));
      this.#waitingBytes -= this.#rest.length;
      await this.#rotateFor(this.#rest.length);
      await this.#writeRest();
    }
  }

  /** The oldest, so many as make one write. */
  #takeLines(): string[] {
    let count = 0;
    for (let units = 0; count < this.#lines.length && units < batchBytes; count++)
      units += this.#lines[count]?.length ?? 0;
    return this.#lines.splice(0, count);
  }

  async #writeRest(): Promise<void> {
    while (this.#rest.length > 0) {
      const { bytesWritten } = await (this.#handle as FileHandle).write(this.#rest);
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
    const full = this.#handle;
    await this.open();
    await full?.close();
  }

  /** The process ends without `close`: one try, for nothing can be waited for any more. */
  #writeAtExit(): void {
    if (this.#lines.length === 0) return;
    try {
      const file = openSync(this.#options.path, flags, 0o600);
      writeSync(file, this.#lines.join(''));
      closeSync(file);
    } catch {
      // There is nobody left to tell.
    }
  }
}

async function openToAppend(path: string): Promise<FileHandle> {
  return open(path, flags, 0o600);
}

function linesIn(bytes: Buffer): number {
  return bytes.toString('latin1').split('\n').length - 1;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
