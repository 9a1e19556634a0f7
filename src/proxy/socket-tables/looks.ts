/** Looks at the kernel's tables of connections: one at a time, each for all who wait, and no more of them than a share of a core. */
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Budget, type BudgetOptions } from './budget.ts';
import { TimeSlice } from './time-slice.ts';

/**
 * What looks may take of a core's time. Runs of Terraform stay far below; in a flood of connections those that come while
 * there is nothing left share the next look, since otherwise it would cost more than the connection does. The
 * more so since the tables keep a row for a minute of every connection that was closed.
 */
const lookBudget: BudgetOptions = { burstMs: 100, share: 0.1 };
const usPerMs = 1000;
/** The line in the log waits so long, and a client may be gone by then. */
const longestPauseMs = 250;

/** Looks once for the whole batch, and never rejects. Its work on the clock of `slice` counts. */
export type Look<Request> = (batch: readonly Request[], slice: TimeSlice) => Promise<void>;

export interface LooksOptions {
  readonly budget?: BudgetOptions;
  /** At least so long after each look, for those that come in a flood to share the next. */
  readonly restMs?: number;
}

export class Looks<Request> {
  readonly #look: Look<Request>;
  readonly #budget: Budget;
  readonly #restMs: number;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #waiting: Request[] = [];
  #isRunning = false;

  constructor(look: Look<Request>, { budget = lookBudget, restMs = 0 }: LooksOptions) {
    this.#restMs = restMs;
    this.#budget = new Budget(budget);
    this.#look = look;
  }

  /** It is among the batch of the next look that begins. */
  ask(request: Request): void {
    this.#waiting.push(request);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // The request that the connection is for goes on its way first: reading the tables takes a millisecond or more.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const restMs = this.#endedAtMs + this.#restMs - performance.now();
      const waitMs = Math.max(this.#budget.waitMs, restMs);
      if (waitMs > 0) await delay(Math.min(waitMs, longestPauseMs));
      const batch = this.#waiting;
      this.#waiting = [];
      const before = process.cpuUsage();
      const slice = new TimeSlice();
      await this.#look(batch, slice);
      const { user, system } = process.cpuUsage(before);
      // On a busy machine the clock says too much, on a busy bridge the processor's time does.
      this.#budget.spend(Math.min(slice.workedMs, (user + system) / usPerMs));
      this.#endedAtMs = performance.now();
    }
    this.#isRunning = false;
  }
}
