import { messageOf, SpacetailError } from '../../errors.ts';
import type { RunEnd } from './supervisor-parts.ts';

/** The one decision that a run is over; the first reason counts. */
export interface Ending {
  /** Aborted, with an `up_interrupted` for an `up` under way, when the run is to end. */
  readonly signal: AbortSignal;
  why(): RunEnd;
  end(why: RunEnd, message: string): void;
}

/** @param stop a signal to the process, or an `up` that went away */
export function createEnding(stop: AbortSignal): Ending {
  const controller = new AbortController();
  let first: RunEnd = 'failed';
  const end = (why: RunEnd, message: string): void => {
    if (controller.signal.aborted) return;
    first = why;
    controller.abort(new SpacetailError('up_interrupted', message));
  };
  const onStop = (): void => end('signal', messageOf(stop.reason));
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  return { signal: controller.signal, why: () => first, end };
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
