import { isRunning, type ProcessId } from './process-id.ts';

export interface Watchdog {
  /** A later phase in the same container called `up`: its shell is the owner now; undefined is none. */
  adopt(owner: ProcessId | undefined): void;
  stop(): void;
}

export interface WatchdogOptions {
  readonly owner: ProcessId | undefined;
  readonly graceMs: number;
  /** Epoch ms at which the bridge last saw a client; now while one is connected. */
  readonly lastClientSeenMs: () => number;
  /** Called once, when the owner is gone and no client was seen for the grace period. */
  readonly onAbandoned: () => void;
  readonly intervalMs?: number;
}

/** Looks every second: the end of a process that is not our child is announced by no event in Node. */
export function watchOwner(options: WatchdogOptions): Watchdog {
  let owner = options.owner;
  let goneAtMs: number | undefined;
  const look = (): void => {
    if (owner === undefined || isRunning(owner)) {
      goneAtMs = undefined;
      return;
    }
    const nowMs = Date.now();
    goneAtMs ??= nowMs;
    if (nowMs - Math.max(goneAtMs, options.lastClientSeenMs()) < options.graceMs) return;
    clearInterval(timer);
    options.onAbandoned();
  };
  const timer = setInterval(look, options.intervalMs ?? 1000);
  return {
    adopt(next) {
      owner = next;
      goneAtMs = undefined;
    },
    stop: () => clearInterval(timer),
  };
}
