/**
 * Values by prefix: one Map for each length that occurs, asked from the longest to the shortest. Real
 * netmaps have some ten lengths, so a look-up is some ten questions to a Map, at 100,000 prefixes too.
 * Shared by the rules of the policy, the special ranges and the index of the tailnet's addresses.
 */
import type { Address } from './addresses.ts';
import { hostBits } from './prefixes.ts';
import type { Prefix } from './prefixes.ts';

interface OfLength<Value> {
  readonly length: number;
  readonly shift: bigint;
  /** By the leading bits. */
  readonly values: Map<bigint, Value>;
}

export class PrefixMap<Value> {
  /** Longest first. */
  readonly #ipv4: OfLength<Value>[] = [];
  readonly #ipv6: OfLength<Value>[] = [];
  #size = 0;

  /** How many prefixes there are. */
  get size(): number {
    return this.#size;
  }

  /** The value of exactly this prefix. */
  get(prefix: Prefix): Value | undefined {
    const table = this.#tables(prefix.family).find(({ length }) => length === prefix.length);
    return table?.values.get(prefix.value >> table.shift);
  }

  /** A later value of the same prefix replaces an earlier one. */
  set(prefix: Prefix, value: Value): void {
    const { shift, values } = this.#table(prefix);
    const before = values.size;
    values.set(prefix.value >> shift, value);
    this.#size += values.size - before;
  }

  /** The value of the longest prefix around the address. */
  longest({ family, value }: Address): Value | undefined {
    for (const { shift, values } of this.#tables(family)) {
      const found = values.get(value >> shift);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The values of every prefix around the address, longest prefix first. */
  around({ family, value }: Address): Value[] {
    return this.#tables(family).flatMap(({ shift, values }) => {
      const found = values.get(value >> shift);
      return found === undefined ? [] : [found];
    });
  }

  #tables(family: 4 | 6): OfLength<Value>[] {
    return family === 4 ? this.#ipv4 : this.#ipv6;
  }

  #table({ family, length }: Prefix): OfLength<Value> {
    const tables = this.#tables(family);
    const known = tables.find((table) => table.length === length);
    if (known !== undefined) return known;
    const made = { length, shift: hostBits(family, length), values: new Map<bigint, Value>() };
    tables.push(made);
    tables.sort((one, other) => other.length - one.length);
    return made;
  }
}
