/** CIDR prefixes, and a bit tree that finds every prefix around an address. */
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Memo } from '../memo.ts';

export interface Prefix {
  /** Canonical text, host bits cleared, e.g. `10.0.0.0/8`. */
  readonly text: string;
  /** 4 or 16 bytes, host bits cleared. */
  readonly bytes: readonly number[];
  /** Number of leading bits that count. */
  readonly length: number;
}

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const canonicalIPv4 = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`);
const ZERO = 48;

/** Four decimal numbers without leading zeros: as an IPv4 address is written by everybody. */
export function isCanonicalIPv4(text: string): boolean {
  return text.length <= 15 && canonicalIPv4.test(text);
}

/** The 4 or 16 bytes of a canonical literal. Throws on anything else: call `canonicalAddress` first. */
export function addressBytes(ip: string): readonly number[] {
  return knownBytes.of(ip);
}

const knownBytes = new Memo(readBytes);

function readBytes(ip: string): readonly number[] {
  if (!isCanonicalIPv4(ip)) return readIPv6(ip).toByteArray();
  const bytes = [0, 0, 0, 0];
  let at = 0;
  for (let index = 0; index < ip.length; index++) {
    const code = ip.charCodeAt(index);
    if (code < ZERO) at++;
    else bytes[at] = (bytes[at] as number) * 10 + code - ZERO;
  }
  return bytes;
}

/**
 * Reads an IPv6 address. ipaddr.js takes `::1.2.3.4` for the IPv4-mapped `::ffff:1.2.3.4`; the kernel and
 * RFC 4291 do not, so the dotted part is made hexadecimal first.
 */
export function readIPv6(text: string): ipaddr.IPv6 {
  if (!text.includes('.')) return ipaddr.IPv6.parse(text);
  const hex = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  return ipaddr.IPv6.parse(hex);
}

/** The text of 4 or 16 bytes: dotted quad, or RFC 5952 (its section 5 for IPv4-mapped ones). */
export function addressText(bytes: readonly number[]): string {
  const address = ipaddr.fromByteArray([...bytes]);
  if (!(address instanceof ipaddr.IPv6)) return address.toString();
  return address.isIPv4MappedAddress()
    ? `::ffff:${address.toIPv4Address().toString()}`
    : address.toRFC5952String();
}

/** Clears the bits after `length`. */
export function makePrefix(bytes: readonly number[], length: number): Prefix {
  const masked = bytes.map(
    (byte, index) => byte & (0xff00 >> clampBits(length - 8 * index)) & 0xff,
  );
  return { text: `${addressText(masked)}/${length}`, bytes: masked, length };
}

function clampBits(bits: number): number {
  return Math.max(0, Math.min(8, bits));
}

/**
 * Reads `10.0.0.0/8` or `fd00::/8`; IPv4 as a dotted quad only. Host bits may be set and are cleared.
 * `undefined` for anything else.
 */
export function parsePrefix(text: string): Prefix | undefined {
  const [, address = '', digits = ''] = /^([\d.]+|[\da-f:.]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const isQuad = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!isQuad && !isIPv6(address)) return undefined;
  const bytes = isQuad ? addressBytes(address) : readIPv6(address).toByteArray();
  const length = Number(digits);
  if (length > bytes.length * 8) return undefined;
  const prefix = makePrefix(bytes, length);
  // Canonical addresses are never IPv4-mapped, so a mapped prefix must mean the IPv4 one to match at all.
  return isMapped(prefix) ? makePrefix(bytes.slice(12), length - 96) : prefix;
}

function isMapped({ bytes, length }: Prefix): boolean {
  return length >= 96 && bytes.every((byte, at) => at > 11 || byte === (at < 10 ? 0 : 0xff));
}

/** Whether an address (canonical literal, or its bytes) lies in the prefix; never across families. */
export function contains(prefix: Prefix, ip: string | readonly number[]): boolean {
  const bytes = typeof ip === 'string' ? addressBytes(ip) : ip;
  return bytes.length === prefix.bytes.length && sharesBits(prefix.bytes, bytes, prefix.length);
}

/** Whether every address of `inner` lies in `outer`. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  return inner.length >= outer.length && contains(outer, inner.bytes);
}

function sharesBits(left: readonly number[], right: readonly number[], length: number): boolean {
  for (let index = 0; index * 8 < length; index++) {
    const mask = (0xff00 >> clampBits(length - 8 * index)) & 0xff;
    if (((left[index] ?? 0) ^ (right[index] ?? 0)) & mask) return false;
  }
  return true;
}

interface BitNode<Value> {
  zero: BitNode<Value> | undefined;
  one: BitNode<Value> | undefined;
  values: Value[] | undefined;
}

/** Values by prefix. A look-up costs one step a bit, however many prefixes there are. */
export class PrefixTree<Value> {
  readonly #ipv4: BitNode<Value> = emptyNode();
  readonly #ipv6: BitNode<Value> = emptyNode();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(prefix: Prefix, value: Value): void {
    this.#size += 1;
    let node = this.#root(prefix.bytes);
    for (let bit = 0; bit < prefix.length; bit++) {
      const side = bitAt(prefix.bytes, bit) ? 'one' : 'zero';
      node = node[side] ??= emptyNode();
    }
    (node.values ??= []).push(value);
  }

  /** The values of every prefix around the address, shortest prefix first. */
  around(ip: string | readonly number[]): Value[] {
    const bytes = typeof ip === 'string' ? addressBytes(ip) : ip;
    const found: Value[] = [];
    let node: BitNode<Value> | undefined = this.#root(bytes);
    for (let bit = 0; node !== undefined; bit++) {
      if (node.values !== undefined) found.push(...node.values);
      if (bit === bytes.length * 8) break;
      node = bitAt(bytes, bit) ? node.one : node.zero;
    }
    return found;
  }

  #root(bytes: readonly number[]): BitNode<Value> {
    return bytes.length === 4 ? this.#ipv4 : this.#ipv6;
  }
}

function emptyNode<Value>(): BitNode<Value> {
  return { zero: undefined, one: undefined, values: undefined };
}

function bitAt(bytes: readonly number[], bit: number): boolean {
  return (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
}
