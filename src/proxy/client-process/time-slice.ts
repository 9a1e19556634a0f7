import { setImmediate as nextTurn } from 'node:timers/promises';

/** Cuts long work into slices, so that the event loop stalls for no longer than one. */
export class TimeSlice {
  readonly #sliceMs: number;
  #endMs: number;
  #beforeMs = 0;

  constructor(sliceMs: number) {
    this.#sliceMs = sliceMs;
    this.#endMs = performance.now() + sliceMs;
  }

  /** Whether the slice is used up: `await rest()` then. */
  get isOver(): boolean {
    return performance.now() >= this.#endMs;
  }

  /** What all slices together took of this thread. */
  get workedMs(): number {
    return this.#beforeMs + performance.now() - (this.#endMs - this.#sliceMs);
  }

  async rest(): Promise<void> {
    this.#beforeMs = this.workedMs;
    await nextTurn();
    this.#endMs = performance.now() + this.#sliceMs;
  }
}
