import { setImmediate as nextTurn } from 'node:timers/promises';

/** Cuts long work into slices, so that the event loop stalls for no longer than one. */
export class TimeSlice {
  readonly #sliceMs: number;
  #endMs: number;

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
    this.#endMs = performance.now() + sliceMs;
  }

  /** Whether the slice is used up: `await rest()` then. */
  get isOver(): boolean {
    return performance.now() >= this.#endMs;
  }

  async rest(): Promise<void> {
    await nextTurn();
    this.#endMs = performance.now() + this.#sliceMs;
  }
}
