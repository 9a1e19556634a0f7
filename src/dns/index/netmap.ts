/** What is known of the tailnet now; it outlives tailscaled, so that its names stay its own. */
import { parseAddress } from '../../ip/addresses.ts';
import { PrefixMap } from '../../ip/prefix-map.ts';
import { isNobodysInTailnet } from '../../ip/special-ranges.ts';
import { type DnsConfig, noDnsConfig } from '../local-api/dns-config.ts';
import type { PeerNotice } from '../local-api/ipn-bus.ts';
import type { Prefs } from '../local-api/local-api.ts';
import { Suffixes } from './suffixes.ts';
import { type IndexSummary, ownerBeforeNetmap, type TailnetIndex } from './tailnet-index.ts';
import type { Owner, Peer, TailnetState } from '../../tailnet.ts';

/** tailscale: health/healthmsg/healthmsg.go LockedOut. */
const LOCKED_OUT = 'locked out';

export class Netmap {
  readonly suffixes = new Suffixes();
  #index: TailnetIndex | undefined;
  #summary: IndexSummary | undefined;
  #prefs: Prefs;
  #down: string | undefined;
  #everRunning = false;
  readonly #accepted = new PrefixMap<string>();
  #withdrawals = 0;

  constructor(acceptDns: boolean) {
    this.#prefs = { routeAll: true, corpDns: acceptDns, exitNode: '' };
  }

  /** The last netmap that held names; `undefined` before the first. */
  get index(): TailnetIndex | undefined {
    return this.#index;
  }

  /** The last status, with or without a netmap. */
  get summary(): IndexSummary | undefined {
    return this.#summary;
  }

  get prefs(): Prefs {
    return this.#prefs;
  }

  /** Takes over a fresh status with what belongs to it. */
  update(index: TailnetIndex, prefs: Prefs, dns: DnsConfig | undefined): void {
    this.#down = undefined;
    this.#summary = index.summary;
    const hasNetmap = index.summary.suffix !== '' || index.self().addresses.length > 0;
    // A tailscaled that has just started knows no exit node yet: the old one stays in force (fail closed).
    if (hasNetmap || prefs.exitNode !== '' || this.#index === undefined) this.#prefs = prefs;
    if (!hasNetmap) return;
    this.#index = index;
    this.suffixes.update(index.summary.suffix, prefs.corpDns ? dns : noDnsConfig);
    if (this.state().kind === 'running') this.#everRunning = true;
    if (this.#prefs.routeAll) this.#rememberSubnets(index);
  }

  /** tailscaled does not answer. */
  markDown(detail: string): void {
    this.#down = detail;
  }

  state(): TailnetState {
    if (this.#down !== undefined) {
      return this.#everRunning
        ? { kind: 'down', detail: `tailscaled is not running (${this.#down})` }
        : { kind: 'starting', detail: 'tailscaled has not answered yet' };
    }
    const summary = this.#summary;
    if (summary === undefined)
      return { kind: 'starting', detail: 'tailscaled has not answered yet' };
    switch (summary.backendState) {
      case 'Running':
        return this.#runningState(summary);
      case 'Stopped':
        return { kind: 'down', detail: stoppedBy(summary.health) };
      case 'NeedsMachineAuth':
        return { kind: 'down', detail: 'this node waits for an administrator to approve it' };
      case 'NeedsLogin':
        return this.#everRunning || summary.authUrl !== ''
          ? { kind: 'down', detail: 'this node needs a login' }
          : { kind: 'starting', detail: 'this node is not logged in yet' };
      case 'InUseOtherUser':
        return { kind: 'down', detail: 'tailscaled is in use by another user' };
      default:
        return { kind: 'starting', detail: `tailscaled is starting (${summary.backendState})` };
    }
  }

  /** The exit node in force; one that the netmap does not know still counts: nothing then leaves around it. */
  exitNode(): Peer | undefined {
    const known = this.#index?.exitNode();
    if (known !== undefined || this.#prefs.exitNode === '') return known;
    const name = this.#prefs.exitNode;
    return {
      name,
      shortName: name,
      names: [name],
      addresses: [],
      tags: [],
      online: false,
      keyExpired: false,
      lastSeenMs: undefined,
    };
  }

  /** A subnet that was accepted at any time in this run stays the tailnet's, whoever serves it now. */
  ownerOf(ip: string): Owner | undefined {
    if (this.#index === undefined) return ownerBeforeNetmap(ip);
    const owner = this.#index.ownerOf(ip, this.#prefs.routeAll);
    if (owner !== undefined) return owner;
    const address = parseAddress(ip);
    if (address === undefined || isNobodysInTailnet(address)) return undefined;
    const prefix = this.#accepted.longest(address);
    return prefix === undefined ? undefined : { kind: 'unassigned', prefix };
  }

  /** Takes out what tailscaled has told to be gone, before the next netmap says so. */
  withdraw(notices: readonly PeerNotice[]): boolean {
    const taken = notices.filter((notice) => this.#index?.withdraw(notice) === true);
    this.#withdrawals += taken.length;
    return taken.length > 0;
  }

  /** How often something was taken out so. */
  get withdrawals(): number {
    return this.#withdrawals;
  }

  /** What answers of resolvers depend on: when it changes they no longer hold. */
  configuration(): string {
    return JSON.stringify([this.#prefs, this.state().kind, this.suffixes.configuration()]);
  }

  warnings(): string[] {
    const summary = this.#summary;
    if (summary === undefined) return [];
    const found = [...summary.warnings, ...summary.health];
    if (summary.backendState !== 'Running') return found;
    if (!this.#prefs.corpDns)
      found.push(
        "split DNS is off: the tailnet's DNS configuration is not accepted (--accept-dns=false)",
      );
    if (!summary.magicDnsEnabled)
      found.push('MagicDNS is off in this tailnet: names are taken from the netmap alone');
    if (summary.peers === 0) found.push('this node sees no peers: check the policy of the tailnet');
    return found;
  }

  /** Tailnet lock is on and this node is not signed. */
  lockedOut(): boolean {
    return this.#summary?.health.some((sentence) => sentence.includes(LOCKED_OUT)) ?? false;
  }

  #rememberSubnets(index: TailnetIndex): void {
    for (const prefix of index.subnets()) this.#accepted.set(prefix, prefix.text);
  }

  #runningState(summary: IndexSummary): TailnetState {
    if (this.lockedOut())
      return { kind: 'down', detail: 'tailnet lock is on and this node is not signed' };
    return this.#index?.summary === summary && this.#index.self().addresses.length > 0
      ? { kind: 'running' }
      : { kind: 'starting', detail: 'the netmap has not come yet' };
  }
}

/** tailscaled stops by itself where the tailnet demands what it was told not to do; its health says so. */
function stoppedBy(health: readonly string[]): string {
  const why = health.length === 0 ? 'somebody ran `tailscale down`' : health.join('; ');
  return `tailscaled is stopped: ${why}`;
}
