/** One connection dialled before anybody asked for it, and watched until it is handed on or lost. */
import type { Plan } from '../../decide/decide.ts';
import type { Dialled } from '../dial-context.ts';
import { IdleLine } from '../idle-line.ts';
import type { IdleLineEnd } from '../idle-line.ts';
import { discard } from '../line.ts';
import type { Line } from '../line.ts';

/** Why a spare was closed without having been of use. */
export type SpareLoss =
  /** `origin_spoke`: the server speaks first, and what it said was meant for a client of its own. */
  | IdleLineEnd
  /** The netmap or tailscaled's state is another one. */
  | 'netmap'
  | 'dial_failed'
  /** It was wanted in a form that it has not (see `isFixed`), or for longer than a fresh dial takes. */
  | 'unfit'
  /** Handed to a tunnel, and ended by the origin before the client's first byte. */
  | 'replaced'
  | 'drained';

export interface SpareOptions {
  readonly plan: Plan;
  /** As in `DialOptions`: a fixed one is for tunnels alone, the other for everybody. */
  readonly isFixed: boolean;
  readonly dial: (signal: AbortSignal) => Promise<Dialled>;
  readonly idleMs: number;
  /** Called once at most, never after `release` gave the line. */
  readonly onLost: (why: SpareLoss, livedMs: number) => void;
}

export class Spare {
  readonly plan: Plan;
  readonly isFixed: boolean;
  /** Settles with the dial: whether there is a line to be had. */
  readonly dialled: Promise<boolean>;
  readonly #options: SpareOptions;
  readonly #stop = new AbortController();
  #idle: IdleLine | undefined;
  #connectedAtMs = 0;
  #isOver = false;

  constructor(options: SpareOptions) {
    this.plan = options.plan;
    this.isFixed = options.isFixed;
    this.#options = options;
    this.dialled = this.#open();
  }

  get isReady(): boolean {
    return this.#idle !== undefined && !this.#isOver;
  }

  /** Closes it, whatever it was doing. Nothing once it is lost or handed on. */
  lose(why: SpareLoss): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop.abort();
    this.#idle?.close();
    const livedMs = this.#idle === undefined ? 0 : performance.now() - this.#connectedAtMs;
    this.#options.onLost(why, livedMs);
  }

  /** Hands the line on, unread and unwatched; `undefined` if there is none (any more). */
  release(): Line | undefined {
    const line = this.#isOver ? undefined : this.#idle?.release();
    if (line !== undefined) this.#isOver = true;
    return line;
  }

  async #open(): Promise<boolean> {
    const dialled = await this.#options.dial(this.#stop.signal);
    if (dialled.kind === 'failed') {
      this.lose('dial_failed');
      return false;
    }
    if (this.#isOver) {
      discard(dialled.line);
      return false;
    }
    this.#connectedAtMs = performance.now();
    const { idleMs } = this.#options;
    this.#idle = new IdleLine(dialled.line, { idleMs, onEnd: (why) => this.lose(why) });
    this.#idle.watch();
    return this.isReady;
  }
}
