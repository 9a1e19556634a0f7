/** One connection dialled before anybody asked for it, and watched until it is handed on or lost. */
import type { Plan } from '../decide.ts';
import type { Dialled } from './dial-context.ts';
import { discard } from './line.ts';
import type { Line } from './line.ts';

/** Why a spare was closed without having been of use. */
export type SpareLoss =
  /** Nobody wanted it in time. */
  | 'expired'
  /** The netmap or tailscaled's state is another one. */
  | 'netmap'
  | 'origin_closed'
  /** The server speaks first: what it said was meant for a client of its own. */
  | 'origin_spoke'
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
  #line: Line | undefined;
  #connectedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: SpareOptions) {
    this.plan = options.plan;
    this.isFixed = options.isFixed;
    this.#options = options;
    this.dialled = this.#open();
  }

  get isReady(): boolean {
    return this.#line !== undefined && !this.#isOver;
  }

  /** Closes it, whatever it was doing. Nothing once it is lost or handed on. */
  lose(why: SpareLoss): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop.abort();
    clearTimeout(this.#timer);
    const livedMs = this.#line === undefined ? 0 : performance.now() - this.#connectedAtMs;
    discard(this.#line);
    this.#options.onLost(why, livedMs);
  }

  /** Hands the line on, unread and unwatched; `undefined` if there is none (any more). */
  release(): Line | undefined {
    const line = this.#line;
    if (line === undefined || this.#isOver) return undefined;
    const { socket } = line;
    if (socket.destroyed || socket.readableEnded || !socket.writable) {
      this.lose('origin_closed');
      return undefined;
    }
    this.#isOver = true;
    clearTimeout(this.#timer);
    socket.off('end', this.#onGone).off('close', this.#onGone);
    line.release(Buffer.alloc(0));
    socket.ref();
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
    this.#watch(dialled.line);
    return this.isReady;
  }

  #watch(line: Line): void {
    this.#line = line;
    this.#connectedAtMs = performance.now();
    this.#timer = setTimeout(() => this.lose('expired'), this.#options.idleMs).unref();
    // Nobody waits for it: it is no reason for the process to stay.
    line.socket.unref();
    line.socket.on('end', this.#onGone).on('close', this.#onGone);
    // Only who reads sees a FIN.
    line.readInto(() => {
      this.lose('origin_spoke');
      return false;
    });
    if (line.socket.destroyed || line.socket.readableEnded) this.lose('origin_closed');
  }

  readonly #onGone = (): void => this.lose('origin_closed');
}
