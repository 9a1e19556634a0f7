export interface BudgetOptions {
  readonly burstMs: number;
  /** Of the time, e.g. 0.1. */
  readonly share: number;
}

/**
 * So much work at once as `burstMs`, and in the long run a `share` of the time: a token bucket. Twice as much may
 * be owed, and no more.
 */
export class Budget {
  readonly #burstMs: number;
  readonly #share: number;
  readonly #clock: () => number;
  #leftMs: number;
  #atMs: number;

  /** `clock` gives milliseconds since any moment. */
  constructor({ burstMs, share }: BudgetOptions, clock = (): number => performance.now()) {
    this.#burstMs = burstMs;
    this.#share = share;
    this.#clock = clock;
    this.#leftMs = burstMs;
    this.#atMs = clock();
  }

  /** How long to wait until more may be done; 0 while something is left. */
  get waitMs(): number {
    this.#refill();
    return Math.max(0, -this.#leftMs / this.#share);
  }

  /** Done: what was over the budget has to be waited for. */
  spend(ms: number): void {
    this.#refill();
    // What was spent in a flood is not paid for long after it.
    this.#leftMs = Math.max(this.#leftMs - ms, -2 * this.#burstMs);
  }

  #refill(): void {
    const nowMs = this.#clock();
    this.#leftMs = Math.min(this.#burstMs, this.#leftMs + (nowMs - this.#atMs) * this.#share);
    this.#atMs = nowMs;
  }
}
