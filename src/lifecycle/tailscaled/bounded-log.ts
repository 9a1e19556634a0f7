import { basename, dirname } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';

/** A log file that neither grows without end nor ever fails or slows its writer. */
export interface BoundedLog {
  write(text: string): void;
  /** Lines that were not written: the disk was full or too slow. */
  dropped(): number;
  /** Writes what is buffered, for at most a second. */
  close(): Promise<void>;
}

export interface BoundedLogOptions {
  /** At this size the file is renamed to `.1` (one is kept) and begun anew. */
  readonly maxKilobytes?: number;
  /** What may wait in memory for the disk. */
  readonly maxBufferedBytes?: number;
}

/** After a failed write the file is opened again, but not for every line. */
const reopenAfterMs = 1000;

/** @param path in a folder that only we can write to */
export function openBoundedLog(path: string, options: BoundedLogOptions = {}): BoundedLog {
  const maxBufferedBytes = options.maxBufferedBytes ?? 1 << 20;
  let dropped = 0;
  let stream: RotatingFileStream | undefined;
  let failedAtMs = -Infinity;
  const open = (): RotatingFileStream => {
    const opened = createStream(basename(path), {
      path: dirname(path),
      size: `${options.maxKilobytes ?? 4096}K`,
      rotate: 1,
      mode: 0o600,
    });
    const fail = (): void => {
      if (stream !== opened) return;
      stream = undefined;
      failedAtMs = performance.now();
      opened.destroy();
    };
    opened.on('error', fail);
    // A rotation that failed is only a warning; the file would grow.
    opened.on('warning', fail);
    return opened;
  };
  return {
    write(text) {
      if (stream === undefined && performance.now() - failedAtMs > reopenAfterMs) stream = open();
      if (stream === undefined || stream.writableLength > maxBufferedBytes) {
        dropped += 1;
        return;
      }
      stream.write(text, (error) => {
        if (error) dropped += 1;
      });
    },
    dropped: () => dropped,
    async close() {
      const last = stream;
      stream = undefined;
      failedAtMs = Infinity;
      if (last === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        last.end(() => {
          clearTimeout(timer);
          resolve();
        });
        last.on('error', () => resolve());
      });
      last.destroy();
    },
  };
}
