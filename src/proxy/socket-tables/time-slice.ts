import { setImmediate as nextTurn } from 'node:timers/promises';

const sliceMs = 0.5;

/** Cuts long work into slices of half a millisecond, so that the event loop stalls for no longer than one. */
export class TimeSlice {
  #startMs = performance.now();
  #workedMs = 0;

  /** What the slices so far took, by the clock, without their rests. */
  get workedMs(): number {
    return this.#workedMs;
  }

  /** The first slice, or the first after `end`, begins. */
  begin(): void {
    this.#startMs = performance.now();
  }

  /** Whether the slice is used up: `await rest()` then. */
  get isOver(): boolean {
    return performance.now() >= this.#startMs + sliceMs;
  }

  async rest(): Promise<void> {
    this.end();
    await nextTurn();
    this.begin();
  }

  /** The work is done, or waits for something else. */
  end(): void {
    this.#workedMs += performance.now() - this.#startMs;
  }
}
