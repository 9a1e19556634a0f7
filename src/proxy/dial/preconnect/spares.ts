/**
 * Dial ahead (SPACETAIL_PRECONNECT): at most one spare connection for each destination that was used, at most
 * 16 in all. Decides nothing: a request is judged first, and gets the spare of exactly its address, port and way.
 */
import type { Plan } from '../../decide/decide.ts';
import type { Dialled } from '../dial-context.ts';
import type { Handed } from './handed.ts';
import { discard } from '../line.ts';
import { Spare } from './spare.ts';
import type { SpareLoss } from './spare.ts';
import { SpareHistory } from './spare-history.ts';
import { spareGround, spareKey } from './spare-key.ts';
import type { Tailnet } from '../../../tailnet.ts';
import { within } from '../../../async.ts';

export const MOST_SPARES = 16;
const IDLE_MS = 15_000;
/** For a spare's dial; a request that waits for one under way turns to a dial of its own sooner. */
const DIAL_MS = 5000;
const JOIN_MS = 1000;

export interface SpareCounts {
  /** Connected and waiting for their use. */
  readonly open: number;
  readonly dialling: number;
  readonly used: number;
  readonly closed: Readonly<Record<SpareLoss, number>>;
}

export interface SparesOptions {
  /** Whether a rule of SPACETAIL_PRECONNECT names the plan's destination. */
  readonly wants: (plan: Plan) => boolean;
  readonly tailnet: Tailnet;
  readonly dial: (plan: Plan, isFixed: boolean, signal: AbortSignal) => Promise<Dialled>;
  /** How long a spare may wait for its use; 15 s. */
  readonly idleMs?: number | undefined;
}

export class Spares {
  readonly #options: SparesOptions;
  readonly #spares = new Map<string, Spare>();
  readonly #grounds = new WeakMap<Spare, string>();
  readonly #history = new SpareHistory();
  /** Destinations that were forwarded to: an HTTP client reads no fixed buffer. */
  readonly #streams = new Set<string>();
  readonly #closed: Record<SpareLoss, number> = {
    expired: 0,
    netmap: 0,
    origin_closed: 0,
    origin_spoke: 0,
    dial_failed: 0,
    unfit: 0,
    replaced: 0,
    drained: 0,
  };
  #used = 0;
  #isClosed = false;

  constructor(options: SparesOptions) {
    this.#options = options;
  }

  get counts(): SpareCounts {
    const open = this.#spares.values().reduce((sum, spare) => sum + Number(spare.isReady), 0);
    const dialling = this.#spares.size - open;
    return { open, dialling, used: this.#used, closed: { ...this.#closed } };
  }

  /** The plan's spare, at once or as soon as its dial has ended; `undefined`: dial. */
  take(
    plan: Plan,
    isFixed: boolean,
    signal: AbortSignal,
  ): Handed | Promise<Handed | undefined> | undefined {
    const key = spareKey(plan);
    if (!isFixed && this.#options.wants(plan)) this.#streams.add(key);
    const spare = this.#spares.get(key);
    if (spare === undefined || !isEligible(plan)) return undefined;
    if (spare.isFixed && !isFixed) {
      spare.lose('unfit');
      return undefined;
    }
    this.#spares.delete(key);
    return spare.isReady ? this.#hand(key, spare, true) : this.#join(key, spare, signal);
  }

  /** The destination was just used: one spare for the next request. Never waits. */
  dialNext(plan: Plan, isFixed: boolean): void {
    if (this.#isClosed || this.#spares.size >= MOST_SPARES || !isEligible(plan)) return;
    const key = spareKey(plan);
    if (this.#spares.has(key) || !this.#history.mayDial(key) || !this.#options.wants(plan)) return;
    const { dial, tailnet, idleMs = IDLE_MS } = this.#options;
    const isForTunnels = isFixed && !this.#streams.has(key);
    const spare = new Spare({
      plan,
      isFixed: isForTunnels,
      idleMs,
      dial: (signal) =>
        dial(plan, isForTunnels, AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)])),
      onLost: (why, livedMs) => this.#lost(key, spare, why, livedMs),
    });
    this.#spares.set(key, spare);
    this.#grounds.set(spare, spareGround(plan, tailnet));
  }

  /** Closes the spares that rest on what is no longer so; all of them where `whole`. */
  netmapChanged(whole: boolean): void {
    for (const spare of this.#spares.values()) {
      const ground = spareGround(spare.plan, this.#options.tailnet);
      if (whole || ground !== this.#grounds.get(spare)) spare.lose('netmap');
    }
  }

  /** Closes all, and dials none any more. */
  close(): void {
    this.#isClosed = true;
    for (const spare of this.#spares.values()) spare.lose('drained');
  }

  async #join(key: string, spare: Spare, signal: AbortSignal): Promise<Handed | undefined> {
    const isThere = await within(JOIN_MS, spare.dialled, signal);
    if (isThere === true) return this.#hand(key, spare, false);
    spare.lose('unfit');
    return undefined;
  }

  #hand(key: string, spare: Spare, wasReady: boolean): Handed | undefined {
    const line = spare.release();
    if (line === undefined) return undefined;
    return {
      line,
      wasReady,
      used: () => {
        this.#used += 1;
        this.#history.wasUsed(key);
      },
      died: () => {
        discard(line);
        this.#closed.replaced += 1;
        this.#history.died(key, 0);
      },
      spokeFirst: () => {
        this.#history.spokeFirst(key);
        this.#spares.get(key)?.lose('origin_spoke');
      },
    };
  }

  #lost(key: string, spare: Spare, why: SpareLoss, livedMs: number): void {
    if (this.#spares.get(key) === spare) this.#spares.delete(key);
    this.#closed[why] += 1;
    if (why === 'origin_spoke') this.#history.spokeFirst(key);
    if (why === 'origin_closed' || why === 'dial_failed') this.#history.died(key, livedMs);
  }
}

/** Judged, and let through by a policy that is in force: none ahead for what `report` would deny. */
function isEligible({ ip, verdict }: Plan): boolean {
  return ip !== undefined && verdict?.decision === 'allow';
}
