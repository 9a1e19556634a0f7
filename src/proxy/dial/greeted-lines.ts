/**
 * Connections to tailscaled's SOCKS port that have been greeted and wait for a request: a dial need not connect and greet
 * first. They know no destination, so nothing beyond tailscaled hears of them.
 */
import { handshake } from './handshake.ts';
import { IdleLine } from './idle-line.ts';
import { discard, openLine } from './line.ts';
import type { Line } from './line.ts';
import { parseMethod, socksGreeting } from './socks-client.ts';
import type { SocksAddress } from '../../tailnet.ts';

/** For each SOCKS port. More are of no use: each that is taken is followed by the next at once. */
const MOST_GREETED = 2;
const GREETING_MS = 5000;
const IDLE_MS = 15_000;

export class GreetedLines {
  readonly #waiting = new Set<Greeted>();
  readonly #idleMs: number;
  #isClosed = false;

  /** @param idleMs - how long one may wait for its use */
  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs;
  }

  /** One that was greeted and is still whole, read into a fixed buffer; `undefined`: connect. */
  take(address: SocksAddress): Line | undefined {
    for (const greeted of this.#waiting) {
      if (!greeted.isFor(address)) continue;
      const line = greeted.release();
      if (line === undefined) continue;
      this.#waiting.delete(greeted);
      return line;
    }
    return undefined;
  }

  /** The port was just dialled: those that the next dials take. Never waits. */
  refill(address: SocksAddress): void {
    if (this.#isClosed) return;
    let count = 0;
    for (const greeted of this.#waiting) count += Number(greeted.isFor(address));
    for (; count < MOST_GREETED; count += 1) {
      const greeted: Greeted = new Greeted(address, this.#idleMs, () =>
        this.#waiting.delete(greeted),
      );
      this.#waiting.add(greeted);
    }
  }

  /** How many could be taken now. */
  get readyCount(): number {
    return this.#waiting.values().reduce((sum, { isReady }) => sum + Number(isReady), 0);
  }

  /** Closes all, and opens none any more. */
  close(): void {
    this.#isClosed = true;
    for (const greeted of this.#waiting) greeted.lose();
  }
}

class Greeted {
  readonly #address: SocksAddress;
  readonly #idleMs: number;
  readonly #onLost: () => void;
  readonly #stop = new AbortController();
  readonly #line: Line;
  #idle: IdleLine | undefined;
  #isOver = false;

  constructor(address: SocksAddress, idleMs: number, onLost: () => void) {
    this.#address = address;
    this.#idleMs = idleMs;
    this.#onLost = onLost;
    this.#line = openLine({ addresses: [address.host], port: address.port, isFixed: true });
    // Nobody waits for it: it is no reason for the process to stay.
    this.#line.socket.unref();
    void this.#greet();
  }

  isFor({ host, port }: SocksAddress): boolean {
    return this.#address.port === port && this.#address.host === host;
  }

  get isReady(): boolean {
    return this.#idle !== undefined && !this.#isOver;
  }

  /** Hands it on, unread and unwatched; `undefined` unless it is ready. */
  release(): Line | undefined {
    const line = this.#isOver ? undefined : this.#idle?.release();
    if (line !== undefined) this.#isOver = true;
    return line;
  }

  /** Closes it, unless it was handed on. */
  lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop.abort();
    if (this.#idle === undefined) discard(this.#line);
    else this.#idle.close();
    this.#onLost();
  }

  async #greet(): Promise<void> {
    const result = await handshake(this.#line, {
      question: socksGreeting,
      parse: parseMethod,
      timeoutMs: GREETING_MS,
      signal: this.#stop.signal,
    });
    if (this.#isOver) return;
    if (result.kind !== 'answer' || result.answer?.kind !== 'greeted') {
      this.lose();
      return;
    }
    this.#idle = new IdleLine(this.#line, { idleMs: this.#idleMs, onEnd: () => this.lose() });
    this.#idle.watch();
  }
}
