/** The nodes of an index: names by tailscaled's rules, addresses, tags, flags. */
import type { AddressTableBuilder } from './address-table.ts';
import { withRoom } from './grow.ts';
import { newIpWords, readIp } from './ip.ts';
import type { NameTableBuilder } from './name-table.ts';
import { isUnder } from './names.ts';
import {
  FLAG_EXPIRED,
  FLAG_NEWBORN,
  FLAG_ONLINE,
  FLAG_SUBDOMAINS,
  type NodeColumns,
} from './packed-index.ts';
import { mayBeNodeAddress } from './special-ranges.ts';
import type { StatusNode } from './status-types.ts';

const NEWBORN_MS = 30_000;

export class NodeBuilder {
  readonly #names: NameTableBuilder;
  readonly #addresses: AddressTableBuilder;
  readonly #suffix: string;
  readonly #scratch = newIpWords();
  readonly #tagIds = new Map<string, number>();
  readonly #nodeIds: Float64Array;
  readonly #columns: {
    -readonly [Column in keyof NodeColumns]: NodeColumns[Column];
  };
  #selfCreatedMs = 0;
  #size = 0;
  #tagCount = 0;

  constructor(
    names: NameTableBuilder,
    addresses: AddressTableBuilder,
    suffix: string,
    nodes: number,
  ) {
    this.#names = names;
    this.#addresses = addresses;
    this.#suffix = suffix;
    this.#nodeIds = new Float64Array(nodes);
    this.#columns = {
      nameOffsets: new Uint32Array(nodes),
      nameLengths: new Uint8Array(nodes),
      shortLengths: new Uint8Array(nodes),
      flags: new Uint8Array(nodes),
      lastSeenMs: new Float64Array(nodes),
      addressStarts: new Uint32Array(nodes + 1),
      tagStarts: new Uint32Array(nodes + 1),
      tagIds: new Uint32Array(64),
    };
  }

  /** Adds a node; returns how many of its addresses cannot be a node's. */
  add(node: StatusNode): number {
    const row = this.#size++;
    const columns = this.#columns;
    this.#nodeIds[row] = node.nodeId;
    columns.lastSeenMs[row] = node.lastSeenMs;
    columns.flags[row] =
      (node.online ? FLAG_ONLINE : 0) |
      (node.expired ? FLAG_EXPIRED : 0) |
      (node.subdomains ? FLAG_SUBDOMAINS : 0) |
      (this.#isNewborn(row, node) ? FLAG_NEWBORN : 0);
    if (node.name !== '') this.#addNames(row, node.name);
    this.#addTags(row, node.tags);
    return this.#addAddresses(row, node.addresses);
  }

  /** Control servers tell of a node first and that it is online some seconds later. */
  #isNewborn(row: number, { createdMs, online }: StatusNode): boolean {
    if (row === 0) this.#selfCreatedMs = createdMs;
    if (online || this.#selfCreatedMs === 0 || createdMs <= this.#selfCreatedMs) return false;
    return Date.now() - createdMs < NEWBORN_MS;
  }

  finish(): { columns: NodeColumns; tags: string[] } {
    return { columns: this.#columns, tags: [...this.#tagIds.keys()] };
  }

  /** tailscale: ipn/ipnlocal/node_backend.go addNodeNameLocked; the short name only under our suffix. */
  #addNames(row: number, name: string): void {
    const entry = this.#claim(name, row);
    const offset = entry < 0 ? this.#names.append(name) : this.#names.offsets[entry]!;
    this.#columns.nameOffsets[row] = offset;
    this.#columns.nameLengths[row] = name.length;
    const shortLength = name.length - this.#suffix.length - 1;
    if (shortLength <= 0 || !isUnder(name, this.#suffix)) return;
    this.#columns.shortLengths[row] = shortLength;
    this.#claim(name.slice(0, shortLength), row, offset);
  }

  /** Of two nodes with one name the last by NodeID has it, as in tailscaled; -1 when this one has not. */
  #claim(name: string, row: number, offset = -1): number {
    const holder = this.#names.get(name);
    if (holder > 0 && this.#nodeIds[holder]! > this.#nodeIds[row]!) return -1;
    return this.#names.set(name, row, offset);
  }

  /** IPv4 first, then IPv6. */
  #addAddresses(row: number, addresses: readonly string[]): number {
    let kept = 0;
    for (const family of [4, 6] as const) {
      for (const address of addresses) {
        if (readIp(address, this.#scratch) !== family) continue;
        if (!mayBeNodeAddress(family, this.#scratch)) continue;
        this.#addresses.add(family, this.#scratch, row);
        kept++;
      }
    }
    this.#columns.addressStarts[row + 1] = this.#addresses.size;
    return addresses.length - kept;
  }

  #addTags(row: number, tags: readonly string[]): void {
    for (const tag of tags) {
      let id = this.#tagIds.get(tag);
      if (id === undefined) this.#tagIds.set(tag, (id = this.#tagIds.size));
      this.#columns.tagIds = withRoom(this.#columns.tagIds, this.#tagCount + 1);
      this.#columns.tagIds[this.#tagCount++] = id;
    }
    this.#columns.tagStarts[row + 1] = this.#tagCount;
  }
}
