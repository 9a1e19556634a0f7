/** Answers kept for as long as they hold, and questions in flight asked once. */

interface Entry<T> {
  readonly value: T;
  readonly expiresMs: number;
}

export class AnswerCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #asked = new Map<string, Promise<T>>();
  readonly #capacity: number;
  readonly #now: () => number;
  #generation = 0;

  constructor(capacity: number, now: () => number = () => performance.now()) {
    this.#capacity = capacity;
    this.#now = now;
  }

  /**
   * The kept answer, or the one that `ask` gets; `ttlMs` says how long it holds. Everybody who wants the
   * same meanwhile waits for the same question, so `ask` must end by itself: no caller's signal ends it.
   */
  get(key: string, ask: () => Promise<T>, ttlMs: (value: T) => number): Promise<T> {
    const kept = this.#entries.get(key);
    if (kept !== undefined && kept.expiresMs > this.#now()) return Promise.resolve(kept.value);
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const generation = this.#generation;
    const asking = ask()
      .then((value) => {
        if (generation === this.#generation) this.#keep(key, value, ttlMs(value));
        return value;
      })
      .finally(() => {
        if (this.#asked.get(key) === asking) this.#asked.delete(key);
      });
    this.#asked.set(key, asking);
    return asking;
  }

  /** Forgets everything, answers still on their way included: who asked they would mislead. */
  clear(): void {
    this.#generation++;
    this.#entries.clear();
    this.#asked.clear();
  }

  #keep(key: string, value: T, ttlMs: number): void {
    this.#entries.delete(key);
    if (ttlMs <= 0) return;
    this.#entries.set(key, { value, expiresMs: this.#now() + ttlMs });
    if (this.#entries.size <= this.#capacity) return;
    const oldest = this.#entries.keys().next().value;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
