/**
 * A netmap, looked up: names by tailscaled's rules, the owner of an address. Immutable; a change of the
 * netmap makes a new one.
 */
import { addressRows, ownerOfAddress } from './address-table.ts';
import { type Family, formatIp, newIpWords, readIp } from './ip.ts';
import { findName, nameAt, someNameEnds } from './name-table.ts';
import { parentsOf } from './names.ts';
import { nearestNames } from './nearest.ts';
import {
  FLAG_SUBDOMAINS,
  type IndexSummary,
  type PackedIndex,
  RECORD_ALIAS,
  RECORD_SERVICE,
} from './packed-index.ts';
import { addressesOf, decodePeer } from './peer-decoder.ts';
import { longestPrefix } from './prefix-tree.ts';
import { isNeverAPeers, isTailnetAddress } from './special-ranges.ts';
import type { Owner, Peer } from '../types.ts';

export type IndexSource = 'status' | 'extra-records' | 'services' | 'subdomain';

/** What the netmap says of a name. */
export type IndexAnswer =
  | {
      readonly kind: 'addresses';
      readonly source: IndexSource;
      readonly addresses: readonly string[];
    }
  /** An ExtraRecord of type CNAME. */
  | { readonly kind: 'alias'; readonly source: 'extra-records'; readonly target: string };

const SELF = 0;

export class TailnetIndex {
  readonly summary: IndexSummary;
  readonly #packed: PackedIndex;
  readonly #peers: (Peer | undefined)[] = [];
  readonly #scratch = newIpWords();
  /** As many as the policy has suffix rules. */
  readonly #suffixes = new Map<string, boolean>();
  readonly #onlyIPv6: boolean;

  constructor(packed: PackedIndex) {
    this.#packed = packed;
    this.summary = packed.summary;
    const own = addressesOf(packed, SELF);
    this.#onlyIPv6 = own.length > 0 && own[0]!.includes(':');
  }

  /** This node, as its peers would see it. */
  self(): Peer {
    return this.#peer(SELF);
  }

  exitNode(): Peer | undefined {
    return this.summary.exitNode < 0 ? undefined : this.#peer(this.summary.exitNode);
  }

  /** O(length of the name). `name` is normalised. */
  lookup(name: string): IndexAnswer | undefined {
    const target = this.#target(name);
    if (target === undefined) return this.#subdomain(name);
    return target >= 0 ? this.#nodeAnswer(target, 'status') : this.#recordAnswer(-1 - target);
  }

  /** The node behind a name: short name, FQDN, alias. `name` is normalised. */
  nodeNamed(name: string): Peer | undefined {
    const target = this.#target(name);
    if (target === undefined) return undefined;
    const row = target >= 0 ? target : this.#ownerOfRecord(-1 - target);
    return row === undefined ? undefined : this.#peer(row);
  }

  /** O(prefix length). `accepted`: the pref RouteAll. `undefined` for an address outside the tailnet. */
  ownerOf(ip: string, accepted: boolean): Owner | undefined {
    const words = this.#scratch;
    const family = readIp(ip, words);
    if (family === 0) return undefined;
    const row = ownerOfAddress(this.#packed.addresses, family, words);
    if (row === SELF) return { kind: 'self' };
    if (row > 0) return { kind: 'peer', peer: this.#peer(row) };
    const special = isNeverAPeers(family, words);
    const route = special ? -1 : longestPrefix(this.#packed.routes.tree, family, words);
    if (route >= 0) return this.#subnet(route, accepted);
    return isTailnetAddress(family, words) ? { kind: 'unassigned' } : undefined;
  }

  /** Existing names that look like `name`, nearest first. Reads every name: only for a name that is not there. */
  nearest(name: string, limit = 3): string[] {
    return nearestNames(this.#packed.names, name, this.summary.suffix, limit);
  }

  /** Whether some name lies below the suffix. Reads every name, once for each suffix that is asked for. */
  hasNameUnder(suffix: string): boolean {
    const known = this.#suffixes.get(suffix);
    if (known !== undefined) return known;
    const found = someNameEnds(this.#packed.names, `.${suffix}`);
    this.#suffixes.set(suffix, found);
    return found;
  }

  /** The peers, decoded one by one: for `status`, policy warnings and pages. */
  *peers(): Generator<Peer> {
    for (let row = 1; row <= this.summary.peers; row++) yield this.#peer(row);
  }

  #target(name: string): number | undefined {
    const entry = findName(this.#packed.names, name);
    return entry < 0 ? undefined : this.#packed.names.targets[entry]!;
  }

  /** tailscale: net/dns/resolver/tsdns.go resolveLocal, subdomainHosts. */
  #subdomain(name: string): IndexAnswer | undefined {
    for (const parent of parentsOf(name)) {
      const target = this.#target(parent);
      if (target === undefined || target < 0) continue;
      if (this.#packed.nodes.flags[target]! & FLAG_SUBDOMAINS)
        return this.#nodeAnswer(target, 'subdomain');
    }
    return undefined;
  }

  #nodeAnswer(row: number, source: IndexSource): IndexAnswer {
    const all = addressesOf(this.#packed, row);
    const ipv6 = this.#onlyIPv6 ? all.filter((address) => address.includes(':')) : all;
    return { kind: 'addresses', source, addresses: ipv6.length > 0 ? ipv6 : all };
  }

  #recordAnswer(record: number): IndexAnswer {
    const { kinds, addressStarts } = this.#packed.records;
    if (kinds[record] === RECORD_ALIAS) {
      return { kind: 'alias', source: 'extra-records', target: this.#aliasOf(record) };
    }
    return {
      kind: 'addresses',
      source: kinds[record] === RECORD_SERVICE ? 'services' : 'extra-records',
      addresses: addressRows(
        this.#packed.addresses,
        addressStarts[record]!,
        addressStarts[record + 1]!,
      ),
    };
  }

  #aliasOf(record: number): string {
    const { aliasOffsets, aliasLengths } = this.#packed.records;
    return nameAt(this.#packed.names.bytes, aliasOffsets[record]!, aliasLengths[record]!);
  }

  /** The node that a record's alias or first address means. */
  #ownerOfRecord(record: number): number | undefined {
    const { kinds, addressStarts } = this.#packed.records;
    if (kinds[record] === RECORD_ALIAS) {
      const target = this.#target(this.#aliasOf(record));
      return target !== undefined && target >= 0 ? target : undefined;
    }
    const { words, families } = this.#packed.addresses;
    const row = addressStarts[record]!;
    if (row === addressStarts[record + 1]) return undefined;
    const owner = ownerOfAddress(this.#packed.addresses, families[row] as Family, words, row * 4);
    return owner < 0 ? undefined : owner;
  }

  #subnet(route: number, accepted: boolean): Owner {
    const { nodes, words, families, bits } = this.#packed.routes;
    const prefix = `${formatIp(families[route] as Family, words, route * 4)}/${bits[route]}`;
    return { kind: 'subnet', peer: this.#peer(nodes[route]!), prefix, accepted };
  }

  #peer(row: number): Peer {
    return (this.#peers[row] ??= decodePeer(this.#packed, row));
  }
}

/** Before the first netmap nobody has an address, and yet the tailnet's ranges are its own. */
export function ownerBeforeNetmap(ip: string): Owner | undefined {
  const words = newIpWords();
  const family = readIp(ip, words);
  return family !== 0 && isTailnetAddress(family, words) ? { kind: 'unassigned' } : undefined;
}
