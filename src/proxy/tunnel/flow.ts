/** One direction of a tunnel: what was read on one side is written on the other, and only then more is read. */
import type { Socket } from 'node:net';
import { StallGuard } from './stall-guard.ts';

export interface FlowOptions {
  readonly to: Socket;
  /** Reads on after `take` said `false`. */
  readonly resume: () => void;
  readonly stallTimeoutMs: number;
  /** `to` has read nothing for so long. */
  readonly onStall: () => void;
}

export class Flow {
  readonly #to: Socket;
  readonly #resume: () => void;
  readonly #stall: StallGuard;
  #bytes = 0;

  constructor({ to, resume, stallTimeoutMs, onStall }: FlowOptions) {
    this.#to = to;
    this.#resume = resume;
    this.#stall = new StallGuard(stallTimeoutMs, onStall);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns `false` while the chunk is still being sent from: read no more until `resume` is called */
  readonly take = (chunk: Buffer): boolean => {
    this.#bytes += chunk.length;
    if (this.#to.destroyed) return true;
    this.#to.write(chunk, this.#onWritten);
    // A whole write leaves nothing behind.
    if (this.#to.writableLength === 0) return true;
    this.#stall.start();
    return false;
  };

  stop(): void {
    this.#stall.stop();
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (!this.#stall.isRunning || error || this.#to.writableLength > 0) return;
    this.#stall.stop();
    this.#resume();
  };
}
