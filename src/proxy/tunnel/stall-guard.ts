/** A deadline for the other side to read what was written. */
export interface StallGuard {
  readonly isRunning: boolean;
  start(): void;
  stop(): void;
}

export function stallGuard(timeoutMs: number, onStall: () => void): StallGuard {
  let timer: NodeJS.Timeout | undefined;
  return {
    get isRunning() {
      return timer !== undefined;
    },
    start() {
      timer ??= setTimeout(onStall, timeoutMs);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
