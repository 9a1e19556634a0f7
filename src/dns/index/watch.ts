/**
 * Keeps the netmap fresh: every notification of tailscaled's IPN bus is a tick, ticks are coalesced, a tick
 * reads status, preferences and DNS configuration anew. Only that a peer or a route is gone counts at once. Polls only while the bus is away.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, SpacetailError } from '../../errors.ts';
import { Coalescer } from './coalesce.ts';
import type { DnsConfig } from '../local-api/dns-config.ts';
import type { PeerNotice } from '../local-api/ipn-bus.ts';
import type { LocalApi } from '../local-api/local-api.ts';
import type { ReadStatus } from '../local-api/status-source.ts';
import { indexOf, inTurns } from './build-index.ts';
import type { Netmap } from './netmap.ts';

/** NotifyInitialState | NotifyInitialHealthState | NotifyPeerChanges | NotifyInitialStatus (ipn/backend.go). */
const BUS_MASK = 2 | 128 | 4096 | 16384;
const REFRESH_TIMEOUT_MS = 15_000;
/** A refresh takes at most a thirtieth of the time: 5 % of a core, the CLI or tailscaled itself included. */
const COST_FACTOR = 30;
const MIN_INTERVAL_MS = 250;
const MAX_INTERVAL_MS = 2_000;
/** 10,000 peers: a node that joins is seen within 6 s. */
const MAX_LARGE_INTERVAL_MS = 4_500;
const LARGE_BYTES = 1_000_000;
/** While the node joins every change is wanted at once. */
const JOINING_INTERVAL_MS = 50;
const MIN_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1_000;
/** Before 1.98 the DNS configuration costs a whole netmap: not at every tick. */
const NETMAP_DNS_EVERY_MS = 30_000;

export interface WatchOptions {
  readonly api: LocalApi;
  readonly readStatus: ReadStatus;
  readonly netmap: Netmap;
  /** Called after every refresh and whenever tailscaled goes away. */
  readonly onChange: () => void;
  /** A sentence for people; called once for each. */
  readonly onWarning: (sentence: string) => void;
}

export class NetmapWatch {
  readonly #options: WatchOptions;
  readonly #refresher: Coalescer;
  readonly #signal: AbortSignal;
  #costMs = 0;
  #bytes = 0;
  #sinceRead: PeerNotice[] = [];
  #dnsConfigUnsupported = false;
  #netmapDns:
    | { readonly dns: DnsConfig | undefined; readonly atMs: number; readonly suffix: string }
    | undefined;

  constructor(options: WatchOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#refresher = new Coalescer(
      (limit) => this.#refresh(limit),
      () => this.#intervalMs(),
      signal,
    );
  }

  /** Asks for a refresh soon, e.g. since tailscaled was just started. */
  poke(): void {
    this.#refresher.request();
  }

  /** Runs until the signal fires. */
  async run(): Promise<void> {
    let backoffMs = MIN_BACKOFF_MS;
    while (!this.#signal.aborted) {
      try {
        for await (const notices of this.#options.api.watch(BUS_MASK, this.#signal)) {
          backoffMs = MIN_BACKOFF_MS;
          this.#heed(notices);
          this.#refresher.request();
        }
      } catch (error) {
        if (this.#signal.aborted) break;
        if (messageOf(error).includes('to watch-ipn-bus')) {
          this.#options.onWarning(
            'this tailscaled has no IPN bus: changes of the tailnet are polled',
          );
        }
      }
      this.#refresher.request();
      await sleep(backoffMs, undefined, { signal: this.#signal }).catch(() => {});
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
    }
    await this.#refresher.idle();
  }

  #intervalMs(): number {
    if (this.#options.netmap.state().kind !== 'running') return JOINING_INTERVAL_MS;
    const most = this.#bytes > LARGE_BYTES ? MAX_LARGE_INTERVAL_MS : MAX_INTERVAL_MS;
    return Math.min(most, Math.max(MIN_INTERVAL_MS, this.#costMs * COST_FACTOR));
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    const { netmap, onChange, onWarning } = this.#options;
    try {
      await this.#read(AbortSignal.any([signal, AbortSignal.timeout(REFRESH_TIMEOUT_MS)]));
    } catch (error) {
      if (signal.aborted) return;
      if (isUnanswered(error)) netmap.markDown(messageOf(error));
      else onWarning(messageOf(error));
    }
    onChange();
  }

  /** What is gone is gone at once, and not only with the next status, nor back with one that was read before. */
  #heed(notices: readonly PeerNotice[]): void {
    this.#sinceRead.push(...notices);
    if (this.#options.netmap.withdraw(notices)) this.#options.onChange();
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { api, readStatus, netmap } = this.#options;
    // First, since it is cheap and fails at once when tailscaled is dead.
    const prefs = await api.prefs(signal);
    const startedMs = performance.now();
    this.#sinceRead = [];
    const [bytes, dns] = await Promise.all([readStatus(signal), this.#dnsConfig(signal)]);
    this.#bytes = bytes.length;
    const index = await inTurns(indexOf(bytes, Date.now(), dns?.extraRecords), signal);
    signal.throwIfAborted();
    this.#costMs = performance.now() - startedMs;
    for (const notice of this.#sinceRead) index.withdraw(notice);
    netmap.update(index, prefs, dns);
  }

  async #dnsConfig(signal: AbortSignal): Promise<DnsConfig | undefined> {
    if (!this.#dnsConfigUnsupported) {
      const config = await this.#options.api.dnsConfig(signal);
      if (config !== 'unsupported') return config;
      this.#dnsConfigUnsupported = true;
      this.#options.onWarning(
        'this tailscaled has no dns-config (1.98): changes of the split-DNS configuration are seen within 30 s',
      );
    }
    const suffix = this.#options.netmap.summary?.suffix ?? '';
    const kept = this.#netmapDns;
    const fresh =
      kept !== undefined &&
      kept.suffix === suffix &&
      performance.now() - kept.atMs < NETMAP_DNS_EVERY_MS;
    if (fresh && kept.dns !== undefined) return kept.dns;
    const dns = await this.#options.api.netmapDnsConfig(signal).catch(() => undefined);
    this.#netmapDns = { dns, atMs: performance.now(), suffix };
    return dns;
  }
}

/** tailscaled did not answer, or not in time. */
function isUnanswered(error: unknown): boolean {
  if (error instanceof SpacetailError) return error.code === 'local_api_failed';
  return error instanceof DOMException && error.name === 'TimeoutError';
}
