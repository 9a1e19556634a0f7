import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` for requests that come faster than it can: one run at a time, none within the interval after
 * the last, never a request forgotten. The first after a quiet time runs at once.
 */
export class Coalescer {
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #intervalMs: () => number;
  readonly #signal: AbortSignal;
  #wanted = false;
  #busy = false;
  #running: Promise<void> = Promise.resolve();

  /** `work` must not reject but for the signal; `intervalMs` is asked after each run. */
  constructor(
    work: (signal: AbortSignal) => Promise<void>,
    intervalMs: () => number,
    signal: AbortSignal,
  ) {
    this.#work = work;
    this.#intervalMs = intervalMs;
    this.#signal = signal;
  }

  request(): void {
    this.#wanted = true;
    if (this.#busy || this.#signal.aborted) return;
    this.#busy = true;
    this.#running = this.#run();
  }

  /** Settles when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#wanted && !this.#signal.aborted) {
        this.#wanted = false;
        await this.#work(this.#signal);
        await sleep(this.#intervalMs(), undefined, { signal: this.#signal });
      }
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      this.#busy = false;
    }
  }
}
