/** One connection dialled before anybody asked for it, and watched until it is handed on or lost. */
import type { Plan } from '../../decide/decide.ts';
import type { Connection } from '../connection.ts';
import { discard } from '../connection.ts';
import type { Dialled } from '../dial-context.ts';

/** Why one was closed without having been of use. */
export type Loss =
  /** Nobody wanted it in time. */
  | 'expired'
  | 'origin_closed'
  /** The server speaks first, and what it said was meant for a client of its own. */
  | 'origin_spoke'
  /** The netmap or tailscaled's state is another one. */
  | 'netmap'
  | 'dial_failed'
  /** It was wanted in a form that it has not (see `isFixed`), or for longer than a fresh dial takes. */
  | 'unfit'
  /** Handed to a tunnel, and ended by the origin before the client's first byte. */
  | 'replaced'
  | 'drained';

export interface PreconnectedOptions {
  readonly plan: Plan;
  /** As in `DialOptions`: a fixed one is for tunnels alone, the other for everybody. */
  readonly isFixed: boolean;
  readonly dial: (signal: AbortSignal) => Promise<Dialled>;
  readonly idleMs: number;
  /** Called once at most, never after `release` gave the connection. */
  readonly onLost: (why: Loss, livedMs: number) => void;
}

export class Preconnected {
  readonly plan: Plan;
  readonly isFixed: boolean;
  /** Settles with the dial: whether there is a connection to be had. */
  readonly dialled: Promise<boolean>;
  readonly #options: PreconnectedOptions;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #ip: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #connectedAtMs = 0;
  #isOver = false;

  constructor(options: PreconnectedOptions) {
    this.plan = options.plan;
    this.isFixed = options.isFixed;
    this.#options = options;
    this.dialled = this.#open();
  }

  get isReady(): boolean {
    return this.#connection !== undefined && !this.#isOver;
  }

  /** The literal that answered. */
  get ip(): string | undefined {
    return this.#ip;
  }

  /** Closes it, whatever it was doing. Nothing once it is lost or handed on. */
  lose(why: Loss): void {
    if (this.#isOver) return;
    this.#leave();
    this.#stop.abort();
    if (this.#connection !== undefined) discard(this.#connection);
    const livedMs = this.#connection === undefined ? 0 : performance.now() - this.#connectedAtMs;
    this.#options.onLost(why, livedMs);
  }

  /** Hands it on, unread and unwatched; `undefined` if there is none (any more). */
  release(): Connection | undefined {
    const connection = this.#connection;
    if (connection === undefined) return undefined;
    const { socket } = connection;
    if (socket.destroyed || socket.readableEnded || !socket.writable) this.#onGone();
    if (this.#isOver) return undefined;
    this.#leave();
    connection.release(Buffer.alloc(0));
    socket.ref();
    return connection;
  }

  async #open(): Promise<boolean> {
    const dialled = await this.#options.dial(this.#stop.signal);
    if (dialled.kind === 'failed') {
      this.lose('dial_failed');
      return false;
    }
    if (this.#isOver) {
      discard(dialled.connection);
      return false;
    }
    this.#connection = dialled.connection;
    this.#ip = dialled.ip;
    this.#connectedAtMs = performance.now();
    this.#watch(dialled.connection);
    return this.isReady;
  }

  /** It may have ended by now: `onLost` may be called within. */
  #watch(connection: Connection): void {
    const { socket } = connection;
    this.#timer = setTimeout(() => this.lose('expired'), this.#options.idleMs).unref();
    // Nobody's process stays for it.
    socket.unref();
    socket.on('end', this.#onGone).on('close', this.#onGone);
    // Only who reads sees a FIN.
    connection.readInto(() => {
      this.lose('origin_spoke');
      return false;
    });
    if (socket.destroyed || socket.readableEnded) this.#onGone();
  }

  #leave(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#connection?.socket.off('end', this.#onGone).off('close', this.#onGone);
  }

  readonly #onGone = (): void => this.lose('origin_closed');
}
