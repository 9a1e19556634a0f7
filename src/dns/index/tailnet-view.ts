/** The tailnet of a run as the proxy sees it: kept fresh in the background, asked without waiting. */
import { Acquaintances } from '../resolve/reachability.ts';
import { Changes } from './changes.ts';
import { IndexBuilder } from './index-builder.ts';
import { diagnoseDial, discoPing } from '../resolve/diagnose.ts';
import { HostsFile } from '../resolve/hosts-file.ts';
import { LocalApi } from '../local-api/local-api.ts';
import { normaliseName } from './names.ts';
import { Netmap } from './netmap.ts';
import type { IndexSummary } from './packed-index.ts';
import { createResolve } from '../resolve/resolver.ts';
import { SplitDns } from '../resolve/split-dns.ts';
import { createStatusReader } from '../local-api/status-source.ts';
import { SystemResolver } from '../resolve/system-resolver.ts';
import type { TailnetViewOptions } from './tailnet-view-options.ts';
import type { Diagnosis, Log, Owner, Peer, Resolve, TailnetState } from '../types.ts';
import { warmUp } from '../resolve/warm-up.ts';
import { NetmapWatch } from '../local-api/watch.ts';

/** Minor version of tailscaled whose dns-query answers also where no operating system's DNS is configured. */
const SPLIT_DNS_SINCE = 96;

export class TailnetView {
  readonly resolve: Resolve;
  readonly localApi: LocalApi;
  readonly #netmap: Netmap;
  readonly #acquaintances: Acquaintances;
  readonly #watch: NetmapWatch;
  readonly #builder: IndexBuilder;
  readonly #system: SystemResolver;
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
    this.#acquaintances = new Acquaintances(this.localApi, this.#stop.signal);
    const notice = (sentence: string) => this.#notice(sentence);
    this.#splitDns = new SplitDns(this.localApi, (detail) => this.#noSplitDns(detail));
    this.#system = new SystemResolver(options.resolvConfPath ?? '/etc/resolv.conf');
    this.#builder = new IndexBuilder(
      (detail) =>
        notice(
          `the thread for large netmaps cannot be started (${detail}): they are indexed in the main thread`,
        ),
      options.workerEntry,
    );
    this.resolve = createResolve({
      netmap: this.#netmap,
      splitDns: this.#splitDns,
      system: this.#system,
      hosts: new HostsFile(options.hostsPath ?? '/etc/hosts'),
      direct: options.direct,
      foreign: options.foreign,
    });
    this.#watch = new NetmapWatch(
      {
        api: this.localApi,
        readStatus: options.readStatus ?? createStatusReader(this.localApi, options.cli, notice),
        builder: this.#builder,
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
    await this.#builder.close();
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
    return normalised === undefined ? undefined : this.#netmap.index?.nodeNamed(normalised);
  }

  hasNodeUnder(suffix: string): boolean {
    return this.#netmap.index?.hasNameUnder(suffix) ?? false;
  }

  ownsName(name: string): boolean {
    return this.ownedSuffix(name) !== undefined;
  }

  ownedSuffix(name: string): string | undefined {
    const normalised = normaliseName(name);
    return normalised && this.#netmap.ownership.ownerOf(normalised)?.suffix;
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
    return this.#acquaintances.meet(address);
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
    const version = this.summary()?.version ?? '';
    const minor = Number(/^1\.(\d+)/.exec(version)?.[1] ?? Infinity);
    // A newer one without a resolver is between two configurations.
    if (detail === undefined && minor >= SPLIT_DNS_SINCE) return;
    const reason =
      detail ?? `tailscaled ${version} cannot in userspace mode, 1.${SPLIT_DNS_SINCE} can`;
    this.#notice(`split DNS is not available: ${reason}`);
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
      if (!running) this.#acquaintances.forget();
      this.#splitDns.forget(running ? warmUp(this.#acquaintances, this.#netmap) : undefined);
    }
    this.#changes.emit();
  }
}
