/**
 * Names → numbers in typed arrays (open addressing, FNV-1a), so that a worker hands the table over
 * without a copy. Names are normalised, so ASCII of at most 253 bytes.
 */
import { trimmed, withRoom } from './grow.ts';

export interface NameTable {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Entry + 1; 0 is free. A power of two, at most half full. */
  readonly slots: Uint32Array<ArrayBuffer>;
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly lengths: Uint8Array<ArrayBuffer>;
  readonly targets: Int32Array<ArrayBuffer>;
}

function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function equals(table: NameTable, entry: number, name: string): boolean {
  if (table.lengths[entry] !== name.length) return false;
  const offset = table.offsets[entry]!;
  for (let at = 0; at < name.length; at++) {
    if (table.bytes[offset + at] !== name.charCodeAt(at)) return false;
  }
  return true;
}

/** The slot that holds `name`, or the free one where it would go. */
function slotOf(table: NameTable, name: string): number {
  const mask = table.slots.length - 1;
  let slot = hashOf(name) & mask;
  for (;;) {
    const entry = table.slots[slot]!;
    if (entry === 0 || equals(table, entry - 1, name)) return slot;
    slot = (slot + 1) & mask;
  }
}

/** The entry of a name, or -1. */
export function findName(table: NameTable, name: string): number {
  return table.slots[slotOf(table, name)]! - 1;
}

/** Whether a name of the table is longer than `ending` and ends so. */
export function someNameEnds({ bytes, offsets, lengths }: NameTable, ending: string): boolean {
  const tail = Buffer.from(ending, 'latin1');
  for (let entry = 0; entry < offsets.length; entry++) {
    const start = offsets[entry]! + lengths[entry]! - tail.length;
    if (start <= offsets[entry]!) continue;
    let at = tail.length - 1;
    while (at >= 0 && bytes[start + at] === tail[at]) at--;
    if (at < 0) return true;
  }
  return false;
}

/** The name that stands at `offset`. */
export function nameAt(bytes: Uint8Array<ArrayBuffer>, offset: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
}

export class NameTableBuilder implements NameTable {
  bytes = new Uint8Array(4096);
  slots = new Uint32Array(128);
  offsets = new Uint32Array(64);
  lengths = new Uint8Array(64);
  targets = new Int32Array(64);
  #size = 0;
  #end = 0;

  constructor(expected: number) {
    this.#resize(expected);
  }

  has(name: string): boolean {
    return findName(this, name) >= 0;
  }

  /** What the name means, or -1. */
  get(name: string): number {
    const entry = findName(this, name);
    return entry < 0 ? -1 : this.targets[entry]!;
  }

  /** Makes the name mean `target`; the bytes may be shared with a longer name that starts with it. */
  set(name: string, target: number, sharedOffset = -1): number {
    const slot = slotOf(this, name);
    const known = this.slots[slot]!;
    if (known !== 0) {
      this.targets[known - 1] = target;
      return known - 1;
    }
    const entry = this.#size++;
    this.offsets = withRoom(this.offsets, this.#size);
    this.lengths = withRoom(this.lengths, this.#size);
    this.targets = withRoom(this.targets, this.#size);
    this.offsets[entry] = sharedOffset >= 0 ? sharedOffset : this.append(name);
    this.lengths[entry] = name.length;
    this.targets[entry] = target;
    this.slots[slot] = entry + 1;
    if (this.#size * 2 > this.slots.length) this.#resize(this.#size * 2);
    return entry;
  }

  /** Stores bytes without an entry; returns their offset. */
  append(name: string): number {
    const offset = this.#end;
    this.#end += name.length;
    this.bytes = withRoom(this.bytes, this.#end);
    for (let at = 0; at < name.length; at++) this.bytes[offset + at] = name.charCodeAt(at);
    return offset;
  }

  finish(): NameTable {
    return {
      bytes: trimmed(this.bytes, this.#end),
      slots: this.slots,
      offsets: trimmed(this.offsets, this.#size),
      lengths: trimmed(this.lengths, this.#size),
      targets: trimmed(this.targets, this.#size),
    };
  }

  #resize(entries: number): void {
    let size = 128;
    while (size < entries * 2) size *= 2;
    this.slots = new Uint32Array(size);
    for (let entry = 0; entry < this.#size; entry++) {
      const name = nameAt(this.bytes, this.offsets[entry]!, this.lengths[entry]!);
      this.slots[slotOf(this, name)] = entry + 1;
    }
  }
}
