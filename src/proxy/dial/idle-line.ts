/** A connection that waits for its use: its end is seen, and nobody's process stays for it. */
import { discard } from './line.ts';
import type { Line } from './line.ts';

/** Why it is of no use any more. */
export type IdleLineEnd =
  /** Nobody wanted it in time. */
  | 'expired'
  | 'origin_closed'
  /** What was said unasked is no answer to a later question. */
  | 'origin_spoke';

export interface IdleLineOptions {
  readonly idleMs: number;
  /** It was closed. Called once at most, never after `release` gave the line, nor by `close`. */
  readonly onEnd: (why: IdleLineEnd) => void;
}

export class IdleLine {
  readonly #line: Line;
  readonly #options: IdleLineOptions;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param line - connected, and not read by anybody */
  constructor(line: Line, options: IdleLineOptions) {
    this.#line = line;
    this.#options = options;
  }

  /** To be called once. It may have ended by now: `onEnd` may be called within. */
  watch(): void {
    const { socket } = this.#line;
    this.#timer = setTimeout(() => this.#end('expired'), this.#options.idleMs).unref();
    socket.unref();
    socket.on('end', this.#onGone).on('close', this.#onGone);
    // Only who reads sees a FIN.
    this.#line.readInto(() => {
      this.#end('origin_spoke');
      return false;
    });
    if (socket.destroyed || socket.readableEnded) this.#onGone();
  }

  /** Hands it on, unread and unwatched; `undefined` if it has ended. */
  release(): Line | undefined {
    const { socket } = this.#line;
    if (socket.destroyed || socket.readableEnded || !socket.writable) this.#onGone();
    if (this.#isOver) return undefined;
    this.#leave();
    this.#line.release(Buffer.alloc(0));
    socket.ref();
    return this.#line;
  }

  /** Nothing once it has ended or was handed on. */
  close(): void {
    if (this.#isOver) return;
    this.#leave();
    discard(this.#line);
  }

  #end(why: IdleLineEnd): void {
    if (this.#isOver) return;
    this.close();
    this.#options.onEnd(why);
  }

  #leave(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#line.socket.off('end', this.#onGone).off('close', this.#onGone);
  }

  readonly #onGone = (): void => this.#end('origin_closed');
}
