/**
 * Status → index: once for each change. A generator that yields where the event loop may have a turn;
 * `inTurns` gives it one every 5 ms.
 */
import { setImmediate } from 'node:timers/promises';
import { formatAddress, parseAddress } from '../../ip/addresses.ts';
import { PrefixMap } from '../../ip/prefix-map.ts';
import { mayBeNode } from '../../ip/special-ranges.ts';
import type { ExtraRecord } from '../local-api/dns-config.ts';
import { isUnder } from '../local-api/names.ts';
import type { Status, StatusNode } from '../local-api/status-types.ts';
import { readStatus } from '../local-api/status.ts';
import { type IndexedNode, type Named, nodeOf, type Route } from './nodes.ts';
import { addRecords } from './records.ts';
import { addRoute } from './routes.ts';
import { type IndexSummary, TailnetIndex } from './tailnet-index.ts';

const TURN_MS = 5;
/** Peers between two yields: some 0.3 ms. */
const PEERS_A_STEP = 32;
const RANK_PRIMARY = 2;
const RANK_ONLINE = 1;
const NEWBORN_MS = 30_000;

/**
 * The index of a status document. `moreRecords`: ExtraRecords that the status may lack.
 * @throws SpacetailError `status_unreadable`
 */
export function* indexOf(
  bytes: Uint8Array,
  nowMs: number,
  moreRecords: readonly ExtraRecord[] = [],
): Generator<void, TailnetIndex> {
  return yield* buildIndex(yield* readStatus(bytes, moreRecords), nowMs);
}

/** Runs the work to its end, in turns of 5 ms. @throws as the work does, or the signal's reason */
export async function inTurns<Result>(
  work: Generator<void, Result>,
  signal: AbortSignal,
): Promise<Result> {
  let startedMs = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - startedMs < TURN_MS) continue;
    await setImmediate();
    signal.throwIfAborted();
    startedMs = performance.now();
  }
}

export function* buildIndex(status: Status, nowMs: number): Generator<void, TailnetIndex> {
  const builder = new IndexBuilder(status, nowMs);
  const self = builder.addNode(status.self);
  const peers: IndexedNode[] = [];
  for (const peer of status.peers) {
    if (peers.push(builder.addNode(peer)) % PEERS_A_STEP === 0) yield;
  }
  // After the nodes: nobody takes another's address by a route.
  for (const [at, peer] of status.peers.entries()) {
    builder.addRoutes(peer, peers[at]!);
    if (at % PEERS_A_STEP === 0) yield;
  }
  return builder.finish(self, peers);
}

class IndexBuilder {
  readonly #status: Status;
  readonly #nowMs: number;
  readonly #names = new Map<string, Named>();
  readonly #owners = new Map<string, IndexedNode>();
  readonly #routes = new PrefixMap<Route>();
  #self: IndexedNode | undefined;
  #refused = 0;

  constructor(status: Status, nowMs: number) {
    this.#status = status;
    this.#nowMs = nowMs;
  }

  addNode(node: StatusNode): IndexedNode {
    const { suffix } = this.#status;
    const addresses = this.#addressesOf(node);
    const name = node.name === '' ? (addresses[0] ?? '') : node.name;
    const isOurs = node.name !== '' && node.name !== suffix && isUnder(node.name, suffix);
    // The short name only under our suffix (tailscale: ipn/ipnlocal/node_backend.go addNodeNameLocked).
    const shortName = isOurs ? name.slice(0, -suffix.length - 1) : name;
    const names = shortName === name ? [name] : [shortName, name];
    const indexed: IndexedNode = {
      nodeId: node.nodeId,
      hasSubdomains: node.subdomains,
      names,
      serviceAddresses: [],
      routes: [],
      peer: {
        name,
        shortName,
        names,
        addresses,
        tags: node.tags,
        online: this.#isNewborn(node) ? undefined : node.online,
        keyExpired: node.expired,
        lastSeenMs: node.lastSeenMs === 0 ? undefined : node.lastSeenMs,
      },
    };
    // The first is this node.
    this.#self ??= indexed;
    for (const address of addresses)
      if (!this.#owners.has(address)) this.#owners.set(address, indexed);
    if (node.name !== '') for (const own of names) this.#claim(own, indexed);
    return indexed;
  }

  addRoutes(peer: StatusNode, node: IndexedNode): void {
    const online = peer.online ? RANK_ONLINE : 0;
    for (const prefix of peer.primaryRoutes) this.#addRoute(prefix, node, RANK_PRIMARY + online);
    for (const prefix of peer.allowedIps) {
      const isKnown = isOwnAddress(prefix, node) || peer.primaryRoutes.includes(prefix);
      if (!isKnown) this.#addRoute(prefix, node, online);
    }
  }

  finish(self: IndexedNode, peers: readonly IndexedNode[]): TailnetIndex {
    const { suffix, certDomains } = this.#status;
    // Names that this node has certificates for; others could be anybody's.
    for (const name of certDomains)
      if (isUnder(name, suffix) && nodeOf(this.#names.get(name)) === undefined)
        this.#names.set(name, { kind: 'node', node: self });
    addRecords(this.#status, this.#names, this.#owners);
    const isOnlineKnown = this.#status.peers.some((peer) => peer.online);
    // Some control servers never set it: then it means nothing.
    if (!isOnlineKnown) for (const { peer } of [self, ...peers]) peer.online = undefined;
    const exitNode = peers[this.#status.peers.findIndex((peer) => peer.exitNode)];
    return new TailnetIndex({
      summary: this.#summary(peers.length),
      self,
      peers,
      exitNode,
      names: this.#names,
      owners: this.#owners,
      routes: this.#routes,
    });
  }

  /** Control servers tell of a node first and that it is online some seconds later. */
  #isNewborn({ createdMs, online }: StatusNode): boolean {
    const selfCreatedMs = this.#status.self.createdMs;
    if (online || selfCreatedMs === 0 || createdMs <= selfCreatedMs) return false;
    return this.#nowMs - createdMs < NEWBORN_MS;
  }

  /** Of two peers with one name the last by NodeID has it, as in tailscaled. */
  #claim(name: string, node: IndexedNode): void {
    const holder = nodeOf(this.#names.get(name));
    const isTaken = holder !== undefined && holder !== this.#self;
    if (!isTaken || holder.nodeId <= node.nodeId) this.#names.set(name, { kind: 'node', node });
  }

  /** IPv4 first; what cannot be a node's is left out and counted. */
  #addressesOf({ addresses }: StatusNode): string[] {
    const read = addresses
      .map(parseAddress)
      .filter((one) => one !== undefined)
      .filter(mayBeNode);
    this.#refused += addresses.length - read.length;
    return read.toSorted((one, other) => one.family - other.family).map(formatAddress);
  }

  #addRoute(prefix: string, node: IndexedNode, rank: number): void {
    const route = addRoute(this.#routes, prefix, node, rank);
    if (route.kind === 'refused') this.#refused++;
    else if (route.kind === 'address' && !this.#owners.has(route.address)) {
      this.#owners.set(route.address, node);
      node.serviceAddresses.push(route.address);
    }
  }

  #summary(peers: number): IndexSummary {
    const {
      warnings,
      peers: _peers,
      extraRecords: _records,
      services: _services,
      ...status
    } = this.#status;
    return {
      ...status,
      peers,
      warnings: this.#refused === 0 ? warnings : [...warnings, refusedSentence(this.#refused)],
    };
  }
}

/** Most of AllowedIPs: known already, so not read again. */
function isOwnAddress(prefix: string, { peer }: IndexedNode): boolean {
  const bits = prefix.includes(':') ? '/128' : '/32';
  return prefix.endsWith(bits) && peer.addresses.includes(prefix.slice(0, -bits.length));
}

function refusedSentence(count: number): string {
  return count === 1
    ? 'a peer claims an address or route that no peer can have: it is ignored'
    : `peers claim ${count} addresses or routes that no peer can have: they are ignored`;
}
