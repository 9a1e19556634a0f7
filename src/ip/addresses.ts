/**
 * IP addresses: the one reader and writer of them. An address is a family and a number, so that
 * prefixes are shifts and maps need no key of their own; fast enough for a netmap of 100,000 nodes.
 */
import { isIPv6 } from 'node:net';

export interface Address {
  readonly family: 4 | 6;
  /** 32 or 128 bits, the first byte highest. */
  readonly value: bigint;
}

const ZERO = 48;
const MAPPED = 0xffffn;
/** `xxxx:` seven times and a dotted quad, with brackets: no literal without a zone is longer. */
const LONGEST_LITERAL = 64;

/**
 * An address as Go's netip, inet_pton(3) and RFC 4291 write it: a dotted quad without leading zeros, or IPv6
 * without brackets and zone. An IPv4-mapped IPv6 address is the IPv4 address it means.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > LONGEST_LITERAL) return undefined;
  if (!text.includes(':')) return addressOfIPv4(readQuad(text));
  const value = readIPv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === MAPPED
    ? { family: 4, value: value & 0xffff_ffffn }
    : { family: 6, value };
}

/** The same for what is known to be a canonical literal. Throws a TypeError on anything else. */
export function addressOf(ip: string): Address {
  const address = parseAddress(ip);
  if (address === undefined) throw new TypeError(`not an address: ${JSON.stringify(ip)}`);
  return address;
}

/**
 * The canonical literal of any spelling of an IP address: `0x7f.1`, `127.1`, `2130706433`, octal, a
 * bracketed IPv6, one final dot, a zone id (which is dropped). An IPv4-mapped IPv6 address is the IPv4 address
 * it means.
 *
 * @returns a dotted quad or RFC 5952 text; `undefined` if `host` is a name (or neither)
 */
export function canonicalAddress(host: string): string | undefined {
  const address = host.includes(':') ? parseBracketed(host) : addressOfIPv4(readInetAton(host));
  return address && formatAddress(address);
}

/** A dotted quad, or RFC 5952 (its section 5 for IPv4-mapped ones). */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return formatQuad(Number(value));
  if (value >> 32n === MAPPED) return `::ffff:${formatQuad(Number(value & 0xffff_ffffn))}`;
  const hex = value.toString(16).padStart(32, '0');
  const groups: string[] = [];
  for (let at = 0; at < 32; at += 4)
    groups.push(Number.parseInt(hex.slice(at, at + 4), 16).toString(16));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** The 4 or 16 bytes of a canonical literal. Throws a TypeError on anything else. */
export function addressBytes(ip: string): number[] {
  const { family, value } = addressOf(ip);
  const length = family === 4 ? 4 : 16;
  return Array.from({ length }, (_, at) =>
    Number((value >> BigInt(8 * (length - 1 - at))) & 0xffn),
  );
}

/** The text of 4 or 16 bytes, as `formatAddress` writes it. */
export function addressText(bytes: Iterable<number>): string {
  let value = 0n;
  let length = 0;
  for (const byte of bytes) {
    value = (value << 8n) | BigInt(byte);
    length += 1;
  }
  return formatAddress({ family: length === 4 ? 4 : 6, value });
}

function addressOfIPv4(value: number | undefined): Address | undefined {
  return value === undefined ? undefined : { family: 4, value: BigInt(value) };
}

function parseBracketed(host: string): Address | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (!isIPv6(bare)) return undefined;
  const [withoutZone = ''] = bare.split('%', 1);
  return parseAddress(withoutZone);
}

/** Four decimal numbers without leading zeros. */
function readQuad(text: string): number | undefined {
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let at = 0; at <= text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (octet === 0) return undefined;
      octet = Math.max(octet, 0) * 10 + digit;
      if (octet > 255) return undefined;
    } else if ((at === text.length || text[at] === '.') && octet >= 0) {
      value = value * 256 + octet;
      octet = -1;
      octets += 1;
    } else return undefined;
  }
  return octets === 4 ? value : undefined;
}

/** One to four numbers, decimal, octal or hexadecimal, the last of which fills what is left: inet_aton(3). */
function readInetAton(host: string): number | undefined {
  const parts = (host.endsWith('.') ? host.slice(0, -1) : host).split('.', 5).map(readNumber);
  const last = parts.pop();
  if (last === undefined || parts.length > 3) return undefined;
  if (!(last < 256 ** (4 - parts.length))) return undefined;
  let value = last;
  for (const [at, part] of parts.entries()) {
    if (part === undefined || part > 255) return undefined;
    value += part * 256 ** (3 - at);
  }
  return value;
}

/** As inet_aton(3) and the URL standard do: `0x` is zero, a leading 0 means octal. */
function readNumber(text: string): number | undefined {
  if (/^0x[\da-f]*$/i.test(text)) return text.length === 2 ? 0 : Number(text);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}

function readIPv6(text: string): bigint | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = text.split('::');
  const front = hexOf(head);
  if (tail === undefined) return BigInt(`0x${front}`);
  const back = hexOf(tail);
  return BigInt(`0x${front}${'0'.repeat(32 - front.length - back.length)}${back}`);
}

/** Four hexadecimal digits for each group; a dotted quad is two of them. */
function hexOf(groups: string): string {
  if (groups === '') return '';
  return groups
    .split(':')
    .map((group) => {
      const quad = group.includes('.') ? readQuad(group) : undefined;
      return quad === undefined ? group.padStart(4, '0') : quad.toString(16).padStart(8, '0');
    })
    .join('');
}

function formatQuad(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The first of the longest; `length` 0 if there is none. */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === '0') length++;
    if (length > best.length) best = { start: at, length };
    at += length;
  }
  return best;
}
