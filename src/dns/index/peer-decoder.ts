/** A row of the packed index as the object that people read. */
import { addressRows } from './address-table.ts';
import { nameAt } from './name-table.ts';
import { FLAG_EXPIRED, FLAG_NEWBORN, FLAG_ONLINE, type PackedIndex } from './packed-index.ts';
import type { Peer } from '../types.ts';

/** The node's own addresses, IPv4 first. */
export function addressesOf({ nodes, addresses }: PackedIndex, row: number): string[] {
  return addressRows(addresses, nodes.addressStarts[row]!, nodes.addressStarts[row + 1]!);
}

export function decodePeer(packed: PackedIndex, row: number): Peer {
  const { nodes, names, summary } = packed;
  const offset = nodes.nameOffsets[row]!;
  const addresses = addressesOf(packed, row);
  const name = nameAt(names.bytes, offset, nodes.nameLengths[row]!) || (addresses[0] ?? '');
  const shortName = nameAt(names.bytes, offset, nodes.shortLengths[row]!) || name;
  const flags = nodes.flags[row]!;
  const tagIds = nodes.tagIds.subarray(nodes.tagStarts[row], nodes.tagStarts[row + 1]);
  return {
    name,
    shortName,
    names: [...new Set([shortName, name, ...otherNamesOf(packed, row)])],
    addresses,
    tags: Array.from(tagIds, (id) => summary.tags[id]!),
    online:
      summary.onlineKnown && (flags & FLAG_NEWBORN) === 0 ? (flags & FLAG_ONLINE) !== 0 : undefined,
    keyExpired: (flags & FLAG_EXPIRED) !== 0,
    lastSeenMs: nodes.lastSeenMs[row]! || undefined,
  };
}

function otherNamesOf({ otherNames, names }: PackedIndex, row: number): string[] {
  const found: string[] = [];
  for (let at = firstAtLeast(otherNames.nodes, row); otherNames.nodes[at] === row; at++) {
    const entry = otherNames.entries[at]!;
    found.push(nameAt(names.bytes, names.offsets[entry]!, names.lengths[entry]!));
  }
  return found;
}

function firstAtLeast(sorted: Uint32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
