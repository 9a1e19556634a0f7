import { setImmediate as nextTurn } from 'node:timers/promises';

const sliceMs = 0.5;

/** What all work of this turn of the event loop has taken. */
let usedMs = 0;
let isTurnKnown = false;

function noteTurn(): void {
  if (isTurnKnown) return;
  isTurnKnown = true;
  usedMs = 0;
  setImmediate(() => {
    isTurnKnown = false;
  });
}

/**
 * Cuts long work into slices of half a millisecond, so that the event loop stalls for no longer than one: pieces that
 * follow each other in one turn of the loop, of whomever, share its slice.
 */
export class TimeSlice {
  #startMs = performance.now();
  #workedMs = 0;

  /** What the slices so far took, by the clock, without their rests. */
  get workedMs(): number {
    return this.#workedMs;
  }

  /** A piece of the work begins. */
  begin(): void {
    noteTurn();
    this.#startMs = performance.now();
  }

  /** Whether the turn's slice is used up: `await rest()` then. */
  get isOver(): boolean {
    return usedMs + performance.now() - this.#startMs >= sliceMs;
  }

  async rest(): Promise<void> {
    this.end();
    await nextTurn();
    this.begin();
  }

  /** The work is done, or waits for something else. */
  end(): void {
    const tookMs = performance.now() - this.#startMs;
    this.#workedMs += tookMs;
    usedMs += tookMs;
  }
}
