/** What has become of the connections dialled ahead to a destination: it says when dialling another is worth while. */

/** One that dies sooner is one that its origin did not want. */
const AT_ONCE_MS = 1000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** Destinations remembered; a run that has more of them forgets the oldest. */
const MOST_REMEMBERED = 1024;

interface Experience {
  /** Its server speaks first: none again in this run. */
  readonly speaksFirst: boolean;
  readonly pauseMs: number;
  /** Of `performance.now()`. */
  readonly notBeforeMs: number;
}

export class PreconnectHistory {
  readonly #known = new Map<string, Experience>();

  mayDial(key: string): boolean {
    const known = this.#known.get(key);
    return known === undefined || (!known.speaksFirst && performance.now() >= known.notBeforeMs);
  }

  /** Closed by its origin after `livedMs`; 0 where it could not even be dialled. */
  died(key: string, livedMs: number): void {
    if (livedMs > AT_ONCE_MS) return;
    const before = this.#known.get(key)?.pauseMs ?? FIRST_PAUSE_MS / 2;
    const pauseMs = Math.min(before * 2, LONGEST_PAUSE_MS);
    this.#note(key, { speaksFirst: false, pauseMs, notBeforeMs: performance.now() + pauseMs });
  }

  spokeFirst(key: string): void {
    this.#note(key, { speaksFirst: true, pauseMs: 0, notBeforeMs: 0 });
  }

  /** One was of use. */
  wasUsed(key: string): void {
    if (this.#known.get(key)?.speaksFirst === false) this.#known.delete(key);
  }

  #note(key: string, experience: Experience): void {
    if (this.#known.get(key)?.speaksFirst === true) return;
    this.#known.delete(key);
    this.#known.set(key, experience);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }
}
