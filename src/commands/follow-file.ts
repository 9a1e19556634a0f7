/** Reads a log file as it grows, across its rotation. */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Where inotify has no watch left, or the folder is not there yet, the file is looked at this often. */
const lookEveryMs = 500;
const chunkBytes = 64 * 1024;

/**
 * The file's bytes from its beginning, then what is added. A file that is moved away is read to its end
 * before the new one of its name; one that is cut is read anew. Ends with the signal, never by itself.
 */
export async function* followFile(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const changes = watchFolder(path, signal);
  let file: FileHandle | undefined;
  let position = 0;
  try {
    while (!signal.aborted) {
      const changed = changes.next();
      file ??= await openIfThere(path);
      if (file !== undefined) {
        for await (const chunk of readFrom(file, position)) {
          position += chunk.length;
          yield chunk;
        }
        const state = await rotationOf(path, file, position);
        if (state === 'cut') position = 0;
        if (state === 'moved') {
          // What was written between our last read and the move.
          for await (const chunk of readFrom(file, position)) yield chunk;
          await file.close();
          file = undefined;
          position = 0;
        }
        if (state !== 'same') continue;
      }
      await changed;
    }
  } finally {
    changes.close();
    await file?.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** From a position to the present end. */
export async function* readFrom(
  file: FileHandle,
  position: number,
): AsyncGenerator<Buffer, void, undefined> {
  let at = position;
  for (;;) {
    const { buffer, bytesRead } = await file.read(
      Buffer.allocUnsafe(chunkBytes),
      0,
      chunkBytes,
      at,
    );
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function rotationOf(
  path: string,
  file: FileHandle,
  position: number,
): Promise<'same' | 'cut' | 'moved'> {
  const [ours, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  if (there === undefined) return 'same';
  if (there.ino !== ours.ino || there.dev !== ours.dev) return 'moved';
  return ours.size < position ? 'cut' : 'same';
}

interface Changes {
  /** Resolves at the next change after this call, after a while, or with the signal. */
  next(): Promise<void>;
  close(): void;
}

function watchFolder(path: string, signal: AbortSignal): Changes {
  const name = basename(path);
  let wake = (): void => {};
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), (_, changed) => {
      if (changed === null || changed === name) wake();
    }).on('error', () => watcher?.close());
  } catch {
    // The timer below does it alone.
  }
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  return {
    next() {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, lookEveryMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (signal.aborted) wake();
      });
    },
    close() {
      wake();
      watcher?.close();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
