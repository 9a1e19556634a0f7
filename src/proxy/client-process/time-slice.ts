import { setImmediate as nextTurn } from 'node:timers/promises';

/** Cuts long work into slices, so that the event loop stalls for no longer than one. */
export class TimeSlice {
  /** What all slices so far took of this thread, by the clock. */
  static workedMs = 0;
  readonly #sliceMs: number;
  #startMs = performance.now();

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
  }

  /** Whether the slice is used up: `await rest()` then. */
  get isOver(): boolean {
    return performance.now() >= this.#startMs + this.#sliceMs;
  }

  async rest(): Promise<void> {
    this.end();
    await nextTurn();
    this.#startMs = performance.now();
  }

  /** The work is done. */
  end(): void {
    TimeSlice.workedMs += performance.now() - this.#startMs;
  }
}
