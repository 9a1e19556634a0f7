/**
 * Dial ahead (SPACETAIL_PRECONNECT): at most one connection for each destination that was used, at most 16 in all.
 * Decides nothing: a request is judged first, and gets the one of exactly its address, port and route.
 */
import type { Plan } from '../../decide/decide.ts';
import { discard } from '../connection.ts';
import type { Dialled, Lease } from '../dial-context.ts';
import { PreconnectHistory } from './history.ts';
import { Preconnected } from './preconnected.ts';
import type { Loss } from './preconnected.ts';
import type { Tailnet } from '../../../tailnet.ts';
import { within } from '../../../async.ts';

export const MOST_PRECONNECTED = 16;
const IDLE_MS = 15_000;
/** For its dial; a request that waits for one under way turns to a dial of its own sooner. */
const DIAL_MS = 5000;
const JOIN_MS = 1000;

export interface PreconnectCounts {
  /** Connected and waiting for their use. */
  readonly open: number;
  readonly dialling: number;
  readonly used: number;
  readonly closed: Readonly<Record<Loss, number>>;
}

export interface PreconnectPoolOptions {
  /** Whether a rule of SPACETAIL_PRECONNECT names the plan's destination. */
  readonly wants: (plan: Plan) => boolean;
  readonly tailnet: Tailnet;
  readonly dial: (plan: Plan, isFixed: boolean, signal: AbortSignal) => Promise<Dialled>;
  /** How long one may wait for its use; 15 s. */
  readonly idleMs?: number | undefined;
}

export class PreconnectPool {
  readonly #options: PreconnectPoolOptions;
  readonly #waiting = new Map<string, Preconnected>();
  readonly #grounds = new WeakMap<Preconnected, string>();
  readonly #history = new PreconnectHistory();
  /** Destinations that were forwarded to: an HTTP client reads no fixed buffer. */
  readonly #streams = new Set<string>();
  readonly #closed: Record<Loss, number> = {
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

  constructor(options: PreconnectPoolOptions) {
    this.#options = options;
  }

  get counts(): PreconnectCounts {
    const open = this.#waiting.values().reduce((sum, one) => sum + Number(one.isReady), 0);
    const dialling = this.#waiting.size - open;
    return { open, dialling, used: this.#used, closed: { ...this.#closed } };
  }

  /** The plan's connection, at once or as soon as its dial has ended; `undefined`: dial. */
  take(
    plan: Plan,
    isFixed: boolean,
    signal: AbortSignal,
  ): Lease | Promise<Lease | undefined> | undefined {
    const key = keyOf(plan);
    if (!isFixed && this.#options.wants(plan)) this.#streams.add(key);
    const one = this.#waiting.get(key);
    if (one === undefined || !isEligible(plan)) return undefined;
    if (one.isFixed && !isFixed) {
      one.lose('unfit');
      return undefined;
    }
    this.#waiting.delete(key);
    return one.isReady ? this.#hand(key, one, true) : this.#join(key, one, signal);
  }

  /** The destination was just used: one connection for the next request. Never waits. */
  dialNext(plan: Plan, isFixed: boolean): void {
    if (this.#isClosed || this.#waiting.size >= MOST_PRECONNECTED || !isEligible(plan)) return;
    const key = keyOf(plan);
    if (this.#waiting.has(key) || !this.#history.mayDial(key) || !this.#options.wants(plan)) return;
    const { dial, tailnet, idleMs = IDLE_MS } = this.#options;
    const isForTunnels = isFixed && !this.#streams.has(key);
    const one = new Preconnected({
      plan,
      isFixed: isForTunnels,
      idleMs,
      dial: (signal) =>
        dial(plan, isForTunnels, AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)])),
      onLost: (why, livedMs) => this.#lost(key, one, why, livedMs),
    });
    this.#waiting.set(key, one);
    this.#grounds.set(one, groundOf(plan, tailnet));
  }

  /** Closes those that rest on what is no longer so; all of them where `whole`. */
  netmapChanged(whole: boolean): void {
    for (const one of this.#waiting.values()) {
      const ground = groundOf(one.plan, this.#options.tailnet);
      if (whole || ground !== this.#grounds.get(one)) one.lose('netmap');
    }
  }

  /** Closes all, and dials none any more. */
  close(): void {
    this.#isClosed = true;
    for (const one of this.#waiting.values()) one.lose('drained');
  }

  async #join(key: string, one: Preconnected, signal: AbortSignal): Promise<Lease | undefined> {
    const isThere = await within(JOIN_MS, one.dialled, signal);
    if (isThere === true) return this.#hand(key, one, false);
    one.lose('unfit');
    return undefined;
  }

  #hand(key: string, one: Preconnected, wasReady: boolean): Lease | undefined {
    const connection = one.release();
    if (connection === undefined) return undefined;
    return {
      connection,
      ip: one.ip,
      wasReady,
      used: () => {
        this.#used += 1;
        this.#history.wasUsed(key);
      },
      died: () => {
        discard(connection);
        this.#closed.replaced += 1;
        this.#history.died(key, 0);
      },
      spokeFirst: () => {
        this.#history.spokeFirst(key);
        this.#waiting.get(key)?.lose('origin_spoke');
      },
    };
  }

  #lost(key: string, one: Preconnected, why: Loss, livedMs: number): void {
    if (this.#waiting.get(key) === one) this.#waiting.delete(key);
    this.#closed[why] += 1;
    if (why === 'origin_spoke') this.#history.spokeFirst(key);
    if (why === 'origin_closed' || why === 'dial_failed') this.#history.died(key, livedMs);
  }
}

/** Judged, and let through by a policy that is in force: none ahead for what `report` would deny. */
function isEligible({ ip, verdict }: Plan): boolean {
  return ip !== undefined && verdict?.decision === 'allow';
}

/** The place and the route. A name is no part of it: two names of the same addresses share a connection. */
function keyOf({ via, hop, addresses, port, tailnet }: Plan): string {
  return `${tailnet?.name ?? ''}!${via} ${hop?.name ?? ''} ${addresses.toSorted().join(' ')} ${port}`;
}

/** What the netmap says of the plan's addresses now. A connection that was dialled on other grounds is closed. */
function groundOf({ addresses, tailnet: own }: Plan, all: Tailnet): string {
  const tailnet = own ?? all;
  const grounds = addresses.map((ip) => {
    const owner = tailnet.ownerOf(ip);
    const peer = owner?.kind === 'peer' || owner?.kind === 'subnet' ? owner.peer : undefined;
    const route = owner?.kind === 'subnet' ? [owner.prefix, owner.accepted] : [];
    const node = peer && [peer.names, peer.addresses, peer.tags, peer.online, peer.keyExpired];
    return [owner?.kind, route, node];
  });
  return JSON.stringify([tailnet.state().kind, tailnet.exitNode()?.name, grounds]);
}
