/** What all requests of a bridge share: its options, its counters, the exchanges that are under way. */
import type { Authority } from '../core/authority.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeOptions } from './exchange-options.ts';
import type { ExchangeRequest } from './record-of.ts';
import type { Failure } from '../core/failure.ts';

export interface Counters {
  /** Requests that have ended or are under way, refused ones included. */
  readonly requests: number;
  /** Those of them that have not ended. */
  readonly underWay: number;
  readonly openTunnels: number;
}

export class Exchanges {
  readonly options: ExchangeOptions;
  readonly #underWay = new Set<Exchange>();
  readonly #idPrefix = Date.now().toString(36);
  #requests = 0;
  #openTunnels = 0;
  #whenEmpty = Promise.withResolvers<void>();
  #isDraining = false;
  #graceMs = 0;
  #grace: NodeJS.Timeout | undefined;

  constructor(options: ExchangeOptions) {
    this.options = options;
  }

  get counters(): Counters {
    return {
      requests: this.#requests,
      underWay: this.#underWay.size,
      openTunnels: this.#openTunnels,
    };
  }

  /** Several, and a client may say which. */
  get hasTailnets(): boolean {
    return this.options.tailnet.members.length > 1;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  begin(request: ExchangeRequest): Exchange {
    this.#requests += 1;
    const id = `${this.#idPrefix}-${this.#requests}`;
    const exchange = new Exchange(id, request, this.options, (record) => {
      this.options.record(record);
      this.#underWay.delete(exchange);
      if (this.#isDraining && this.#underWay.size === 0)
        this.#grace = setTimeout(() => this.#whenEmpty.resolve(), this.#graceMs);
    });
    this.#underWay.add(exchange);
    if (this.#isDraining) clearTimeout(this.#grace);
    return exchange;
  }

  /** One line for something that never became a request: unreadable, refused by its listener. */
  refuse(
    request: Omit<ExchangeRequest, 'authority'> & { authority?: Authority },
    failed: Failure,
  ): void {
    this.begin({ authority: undefined, ...request }).refuse(failed);
  }

  tunnelOpened(): void {
    this.#openTunnels += 1;
  }

  tunnelClosed(): void {
    this.#openTunnels -= 1;
  }

  /**
   * Lets what is under way end by itself until the signal, then cuts the rest. Over when nothing is under way, and
   * nothing new has come for `graceMs` after that. Resolves with how many were cut.
   */
  async drain(deadline: AbortSignal, graceMs: number): Promise<number> {
    this.#isDraining = true;
    if (this.#underWay.size === 0) return 0;
    this.#graceMs = graceMs;
    let cut = 0;
    const cutAll = (): void => {
      cut = this.#underWay.size;
      this.#graceMs = 0;
      if (cut === 0) this.#whenEmpty.resolve();
      for (const exchange of this.#underWay) exchange.cut();
    };
    deadline.addEventListener('abort', cutAll, { once: true });
    if (deadline.aborted) cutAll();
    await this.#whenEmpty.promise;
    deadline.removeEventListener('abort', cutAll);
    return cut;
  }
}
