/** Lists of addresses, and address → owner, in typed arrays (open addressing). */
import { trimmed, withRoom } from './grow.ts';
import { type Family, formatIp } from './ip.ts';

export interface AddressTable {
  /** Four a row. */
  readonly words: Uint32Array<ArrayBuffer>;
  readonly families: Uint8Array<ArrayBuffer>;
  /** The node that has the address; -1 for a row that only a DNS record names. */
  readonly owners: Int32Array<ArrayBuffer>;
  /** Row + 1; 0 is free. */
  readonly slots: Uint32Array<ArrayBuffer>;
}

function hashOf(words: Uint32Array, at: number): number {
  let hash =
    words[at]! ^ Math.imul(words[at + 1]!, 0x9e3779b1) ^ Math.imul(words[at + 2]!, 0x85ebca6b);
  hash = Math.imul(hash ^ words[at + 3]!, 0xc2b2ae35);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function slotOf(table: AddressTable, family: Family, words: Uint32Array, at: number): number {
  const mask = table.slots.length - 1;
  let slot = hashOf(words, at) & mask;
  for (;;) {
    const row = table.slots[slot]! - 1;
    if (row < 0) return slot;
    const own = row * 4;
    if (
      table.families[row] === family &&
      table.words[own + 3] === words[at + 3] &&
      table.words[own + 2] === words[at + 2] &&
      table.words[own + 1] === words[at + 1] &&
      table.words[own] === words[at]
    ) {
      return slot;
    }
    slot = (slot + 1) & mask;
  }
}

/** The node that has the address, or -1. */
export function ownerOfAddress(
  table: AddressTable,
  family: Family,
  words: Uint32Array,
  at = 0,
): number {
  const row = table.slots[slotOf(table, family, words, at)]! - 1;
  return row < 0 ? -1 : table.owners[row]!;
}

/** The addresses of the rows from `start` up to `end`. */
export function addressRows(table: AddressTable, start: number, end: number): string[] {
  const addresses: string[] = [];
  for (let row = start; row < end; row++) {
    addresses.push(formatIp(table.families[row] as Family, table.words, row * 4));
  }
  return addresses;
}

export class AddressTableBuilder implements AddressTable {
  words = new Uint32Array(256);
  families = new Uint8Array(64);
  owners = new Int32Array(64);
  slots = new Uint32Array(128);
  size = 0;
  #owned = 0;

  /** Adds a row; with an owner it is found by its address, unless somebody has that already. */
  add(family: Family, words: Uint32Array, owner: number): void {
    const row = this.size++;
    this.words = withRoom(this.words, this.size * 4);
    this.families = withRoom(this.families, this.size);
    this.owners = withRoom(this.owners, this.size);
    for (let word = 0; word < 4; word++) this.words[row * 4 + word] = words[word]!;
    this.families[row] = family;
    this.owners[row] = owner;
    if (owner >= 0) this.#index(row);
  }

  finish(): AddressTable {
    return {
      words: trimmed(this.words, this.size * 4),
      families: trimmed(this.families, this.size),
      owners: trimmed(this.owners, this.size),
      slots: this.slots,
    };
  }

  #index(row: number): void {
    const slot = slotOf(this, this.families[row] as Family, this.words, row * 4);
    if (this.slots[slot] !== 0) return;
    this.slots[slot] = row + 1;
    if (++this.#owned * 2 > this.slots.length) this.#grow();
  }

  #grow(): void {
    this.slots = new Uint32Array(this.slots.length * 4);
    this.#owned = 0;
    for (let row = 0; row < this.size; row++) if (this.owners[row]! >= 0) this.#index(row);
  }
}
