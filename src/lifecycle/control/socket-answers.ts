import { watch } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Whether somebody accepts connections on a unix socket now. */
export function socketAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Where inotify has no watch left (a busy CI host), or missed it, the socket is tried this often. */
const retryMs = 100;

/**
 * Resolves once the unix socket accepts connections; tried whenever its folder changes.
 * Rejects only with the signal's reason.
 */
export async function waitForSocket(path: string, signal: AbortSignal): Promise<void> {
  let changed = (): void => {};
  const watcher = (() => {
    try {
      return watch(dirname(path), () => changed()).on('error', () => {});
    } catch {
      return undefined;
    }
  })();
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, retryMs);
        changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      if (await socketAnswers(path)) return;
      await next;
    }
  } finally {
    changed();
    watcher?.close();
  }
}
