/** CIDR prefixes. */
import { addressOf, formatAddress, parseAddress } from './addresses.ts';
import type { Address } from './addresses.ts';

export interface Prefix extends Address {
  /** Canonical text, host bits cleared, e.g. `10.0.0.0/8`. */
  readonly text: string;
  /** Number of leading bits that count; the others of `value` are 0. */
  readonly length: number;
}

/** Clears the bits after `length`. */
export function makePrefix(address: Address, length: number): Prefix {
  const { family } = address;
  const shift = hostBits(family, length);
  const value = (address.value >> shift) << shift;
  return { text: `${formatAddress({ family, value })}/${length}`, family, value, length };
}

/** How many bits of an address come after the first `length`. */
export function hostBits(family: 4 | 6, length: number): bigint {
  return BigInt((family === 4 ? 32 : 128) - length);
}

/**
 * Reads `10.0.0.0/8` or `fd00::/8`, addresses as `parseAddress` does. Host bits may be set and are cleared.
 * `undefined` for anything else.
 */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const written = slash < 0 ? '' : text.slice(0, slash);
  const digits = text.slice(slash + 1);
  const address = parseAddress(written);
  if (address === undefined || !/^\d{1,3}$/.test(digits)) return undefined;
  // Addresses are never IPv4-mapped, so a mapped prefix must mean the IPv4 one to match at all.
  const isMapped = address.family === 4 && written.includes(':');
  const length = Number(digits) - (isMapped ? 96 : 0);
  const longest = address.family === 4 ? 32 : 128;
  return length >= 0 && length <= longest ? makePrefix(address, length) : undefined;
}

/** Whether an address (or a canonical literal) lies in the prefix; never across families. */
export function contains(prefix: Prefix, ip: string | Address): boolean {
  const { family, value } = typeof ip === 'string' ? addressOf(ip) : ip;
  const shift = hostBits(family, prefix.length);
  return family === prefix.family && value >> shift === prefix.value >> shift;
}

/** Whether every address of `inner` lies in `outer`. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  return inner.length >= outer.length && contains(outer, inner);
}

/** A prefix that stands in the source text. Throws a TypeError if it is none. */
export function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new TypeError(`not a prefix: ${text}`);
  return prefix;
}
