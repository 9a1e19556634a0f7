/** The tailnet of a run as the proxy sees it: kept fresh in the background, asked without waiting. */
import { Changes } from './index/changes.ts';
import { diagnoseDial, discoPing } from './resolve/diagnose.ts';
import { HostsFile } from './resolve/hosts-file.ts';
import { LocalApi } from './local-api/local-api.ts';
import { normaliseName } from './local-api/names.ts';
import { Netmap } from './index/netmap.ts';
import type { IndexSummary } from './index/tailnet-index.ts';
import { createResolver } from './resolve/resolver.ts';
import { Reachability } from './resolve/reachability.ts';
import { SplitDns, unavailableNotice } from './resolve/split-dns.ts';
import { createStatusReader, type TailscaleCli } from './local-api/status-source.ts';
import { SystemResolver } from './resolve/system-resolver.ts';
import type { Diagnosis, Owner, Peer, Resolver, TailnetState } from '../tailnet.ts';
import { NetmapWatch } from './index/watch.ts';

/** Of a pino logger. */
type Log = { warn(fields: object, message: string): void };

export interface TailnetViewOptions {
  /** tailscaled's LocalAPI socket. */
  readonly socketPath: string;
  /** Reads the status by `tailscale status --json`; without it by LocalAPI alone. */
  readonly cli?: TailscaleCli;
  /** TS_ACCEPT_DNS; the pref CorpDNS counts as soon as it is known. */
  readonly acceptDns: boolean;
  /** SPACETAIL_DIRECT, for a normalised name. */
  readonly direct: (name: string) => boolean;
  /** Names that are another tailnet's of the run. */
  readonly foreign?: (name: string) => boolean;
  readonly log: Log;
  /** Default `/etc/resolv.conf`. */
  readonly resolvConfPath?: string;
  /** Default `/etc/hosts`. */
  readonly hostsPath?: string;
}

export class TailnetView {
  readonly resolver: Resolver;
  readonly localApi: LocalApi;
  readonly #netmap: Netmap;
  readonly #reachability: Reachability;
  readonly #watch: NetmapWatch;
  readonly #system: SystemResolver;
  readonly #hosts: HostsFile;
  readonly #splitDns: SplitDns;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #notices = new Set<string>();
  readonly #changes = new Changes();
  #running: Promise<void> | undefined;
  #configuration = '';

  constructor(options: TailnetViewOptions) {
    this.#log = options.log;
    this.localApi = new LocalApi(options.socketPath);
    this.#netmap = new Netmap(options.acceptDns);
    this.#reachability = new Reachability(this.localApi, this.#stop.signal);
    const notice = (sentence: string) => this.#notice(sentence);
    this.#splitDns = new SplitDns(this.localApi, (detail) => this.#noSplitDns(detail));
    this.#system = new SystemResolver(options.resolvConfPath ?? '/etc/resolv.conf');
    this.#hosts = new HostsFile(options.hostsPath ?? '/etc/hosts');
    this.resolver = createResolver({
      netmap: this.#netmap,
      splitDns: this.#splitDns,
      system: this.#system,
      hosts: this.#hosts,
      direct: options.direct,
      foreign: options.foreign,
    });
    this.#watch = new NetmapWatch(
      {
        api: this.localApi,
        readStatus: createStatusReader(this.localApi, options.cli, notice),
        netmap: this.#netmap,
        onChange: () => this.#changed(),
        onWarning: notice,
      },
      this.#stop.signal,
    );
  }

  /** Begins to watch; tailscaled need not be there yet. */
  start(): void {
    this.#running ??= this.#watch.run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#system.close();
    await this.#running;
  }

  /** Looks at the tailnet again soon: tailscaled was started, `tailscale up` or `set` has run. */
  refresh(): void {
    this.#watch.poke();
  }

  /** Calls back after every look at the tailnet; returns the way to stop it. */
  onChange(listener: () => void): () => void {
    return this.#changes.onChange(listener);
  }

  /** Settles once `wanted()` is true, looking again at every change. @throws the signal's reason */
  until(wanted: () => boolean, signal: AbortSignal): Promise<void> {
    return this.#changes.until(wanted, signal);
  }

  state(): TailnetState {
    return this.#netmap.state();
  }

  /** There has been a netmap, now or before tailscaled went away. */
  hasNetmap(): boolean {
    return this.#netmap.index !== undefined;
  }

  ownerOf(ip: string): Owner | undefined {
    return this.#netmap.ownerOf(ip);
  }

  peerNamed(name: string): Peer | undefined {
    const normalised = normaliseName(name);
    if (normalised === undefined || this.#hosts.shadows(normalised) !== undefined) return undefined;
    return this.#netmap.index?.nodeNamed(normalised);
  }

  hasNodeUnder(suffix: string): boolean {
    return this.#netmap.index?.hasNameUnder(suffix) ?? false;
  }

  ownedSuffix(name: string): string | undefined {
    const normalised = normaliseName(name);
    return normalised && this.#netmap.suffixes.ownerOf(normalised)?.suffix;
  }

  exitNode(): Peer | undefined {
    return this.#netmap.exitNode();
  }

  suffix(): string {
    return this.#netmap.index?.summary.suffix ?? '';
  }

  diagnose(ip: string, port: number, signal: AbortSignal): Promise<Diagnosis> {
    return diagnoseDial(this.localApi, ip, port, signal);
  }

  ping(ip: string, signal: AbortSignal): Promise<boolean> {
    return discoPing(this.localApi, ip, signal);
  }

  /**
   * For the first dial to a peer: waits until it knows this node, at most 1.5 s; at once ever after. A dial
   * before that loses its first packet and with it 5 s. `address`: one of the peer's own.
   */
  meet(address: string): Promise<boolean> {
    return this.#reachability.meet(address);
  }

  inboundPeer(
    sourceHost: string,
    sourcePort: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    return this.localApi.whois(sourceHost, sourcePort, signal);
  }

  /** This node; `undefined` before the netmap. */
  self(): Peer | undefined {
    return this.#netmap.index?.self();
  }

  /** What the last status said of the whole; `undefined` before the first. */
  summary(): IndexSummary | undefined {
    return this.#netmap.summary;
  }

  /** How often a peer or a route was gone before the next netmap said so. */
  withdrawals(): number {
    return this.#netmap.withdrawals;
  }

  /** The peers, one by one. */
  *peers(): Generator<Peer> {
    yield* this.#netmap.index?.peers() ?? [];
  }

  /** Tailnet lock is on and this node is not signed. */
  lockedOut(): boolean {
    return this.#netmap.lockedOut();
  }

  /** What people should know: missing endpoints, odd documents, the tailnet's own health. Each sentence once. */
  warnings(): string[] {
    return [...this.#notices, ...this.#netmap.warnings()];
  }

  #noSplitDns(detail: string | undefined): void {
    const sentence = unavailableNotice(this.summary()?.version ?? '', detail);
    if (sentence !== undefined) this.#notice(sentence);
  }

  #notice(sentence: string): void {
    if (this.#notices.has(sentence)) return;
    this.#notices.add(sentence);
    this.#log.warn({}, sentence);
  }

  #changed(): void {
    const configuration = this.#netmap.configuration();
    if (configuration !== this.#configuration) {
      this.#configuration = configuration;
      const running = this.state().kind === 'running';
      if (!running) this.#reachability.forget();
      this.#splitDns.forget(running ? this.#reachability.meetResolvers(this.#netmap) : undefined);
    }
    this.#changes.emit();
  }
}
