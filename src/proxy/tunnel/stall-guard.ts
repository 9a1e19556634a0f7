/**
 * A deadline for the other side to read what was written.
 *
 * A class, not an object made by a function: a getter in an object literal gets a hidden class of its own each
 * time, which lives until the next full collection and keeps the whole tunnel with it.
 */
export class StallGuard {
  readonly #timeoutMs: number;
  readonly #onStall: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number, onStall: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    this.#timer ??= setTimeout(this.#onStall, this.#timeoutMs);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
