import { isRunning, type ProcessId } from '../folder/process-id.ts';

export interface Watchdog {
  /**
   * Another `up` found this run: its shell is an owner, too, and the run ends when the last one is gone. With
   * undefined, now or at the start, the run has no end by itself any more.
   */
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
  let owners = options.owner && [options.owner];
  let goneAtMs: number | undefined;
  const look = (): void => {
    if (owners === undefined || owners.some((owner) => isRunning(owner))) {
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
      // Those that are gone need not be looked at again.
      owners = next && owners && [...owners.filter((owner) => isRunning(owner)), next];
      goneAtMs = undefined;
    },
    stop: () => clearInterval(timer),
  };
}
