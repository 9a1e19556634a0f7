import { SpacetailError } from '../../errors.ts';
import type { Joined } from './join.ts';
import { stopGraceMs } from './join-parts.ts';

export type TailnetChange =
  | { readonly kind: 'up'; readonly joined: Joined }
  | { readonly kind: 'down'; readonly reason: SpacetailError };

/** The tailnet of a run, through crashes of tailscaled. */
export interface Keeper {
  current(): Joined | undefined;
  /** How often tailscaled was started again. */
  restarts(): number;
  /** Stops the one that runs and starts no other. */
  stop(graceMs: number): Promise<void>;
}

export interface KeeperOptions {
  /** Joins anew: a fresh key, since a node in memory died with its process. */
  readonly rejoin: (signal: AbortSignal) => Promise<Joined>;
  readonly onChange: (change: TailnetChange) => void;
  /** Whether another attempt could end otherwise; all when not given. */
  readonly isWorthAnother?: (error: unknown) => boolean;
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
}

/** One that lived this long starts the series of delays anew. */
const healthyMs = 20_000;

/** Resolves after `ms`, or at once when aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/**
 * Watches a joined tailnet and joins again, with growing delays, when its tailscaled ends.
 * @param first - `undefined` where the first join has failed: that is tried again in the same way
 */
export function keepJoined(first: Joined | undefined, options: KeeperOptions): Keeper {
  const stopping = new AbortController();
  const longestDelayMs = options.longestDelayMs ?? 30_000;
  let current: Joined | undefined = first;
  let restarts = 0;
  let delayMs = options.firstDelayMs ?? 500;
  const report = (error: unknown): void => {
    if (stopping.signal.aborted) return;
    const reason =
      error instanceof SpacetailError
        ? error
        : new SpacetailError('tailscaled_failed', String(error), { cause: error });
    options.onChange({ kind: 'down', reason });
  };
  const again = async (): Promise<Joined | undefined> => {
    while (!stopping.signal.aborted) {
      await pause(delayMs, stopping.signal);
      delayMs = Math.min(delayMs * 2, longestDelayMs);
      if (stopping.signal.aborted) break;
      restarts += 1;
      try {
        return await options.rejoin(stopping.signal);
      } catch (error) {
        report(error);
        if (options.isWorthAnother?.(error) === false) return undefined;
      }
    }
    return undefined;
  };
  const joinAgain = async (): Promise<void> => {
    const next = await again();
    if (stopping.signal.aborted) {
      await next?.tailscaled.stop(stopGraceMs);
      return;
    }
    current = next;
    if (current !== undefined) options.onChange({ kind: 'up', joined: current });
  };
  const loop = (async (): Promise<void> => {
    if (current === undefined) await joinAgain();
    while (current !== undefined) {
      const sinceMs = performance.now();
      const exit = await current.tailscaled.exited;
      current = undefined;
      if (stopping.signal.aborted) return;
      report(
        new SpacetailError(
          'tailscaled_failed',
          `tailscaled ${exit.how}; it last said:\n  ${exit.lastLines.join('\n  ')}`,
        ),
      );
      if (performance.now() - sinceMs > healthyMs) delayMs = options.firstDelayMs ?? 500;
      await joinAgain();
    }
  })();
  return {
    current: () => current,
    restarts: () => restarts,
    async stop(graceMs) {
      stopping.abort(new SpacetailError('up_interrupted', 'spacetail is stopping'));
      await current?.tailscaled.stop(graceMs);
      await loop;
    },
  };
}
