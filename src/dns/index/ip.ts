/**
 * IP addresses as four 32-bit words, for tables of tens of thousands: ten times faster than objects.
 * IPv4 stands in the last word. Reads what Go's netip prints; odd spellings are literal.ts's.
 */

/** 4, 6, or 0 for text that is no address. */
export type Family = 0 | 4 | 6;

const DOT = 46;
const COLON = 58;

/** Scratch space for one address (words 0-3) and, for prefixes, its length in bits (word 4). */
export type IpWords = Uint32Array<ArrayBuffer>;

export function newIpWords(): IpWords {
  return new Uint32Array(5);
}

function readIPv4(text: string, start: number, end: number): number {
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let at = start; at <= end; at++) {
    const code = at === end ? DOT : text.charCodeAt(at);
    if (code === DOT) {
      if (octet < 0) return -1;
      value = value * 256 + octet;
      octet = -1;
      if (++octets > 4) return -1;
    } else if (code >= 48 && code <= 57) {
      if (octet === 0) return -1;
      octet = (octet < 0 ? 0 : octet * 10) + code - 48;
      if (octet > 255) return -1;
    } else return -1;
  }
  return octets === 4 ? value : -1;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

const groups = new Uint16Array(8);

function readIPv6(text: string, end: number, out: IpWords): boolean {
  let count = 0;
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (count === 8) return false;
    const start = at;
    let group = 0;
    for (let digit = 0; at < end && (digit = hexDigit(text.charCodeAt(at))) >= 0; at++) {
      group = group * 16 + digit;
    }
    if (at < end && text.charCodeAt(at) === DOT) {
      const v4 = count <= 6 ? readIPv4(text, start, end) : -1;
      if (v4 < 0) return false;
      groups[count++] = v4 >>> 16;
      groups[count++] = v4 & 0xffff;
      break;
    }
    if (at === start || at - start > 4) return false;
    groups[count++] = group;
    if (at === end) break;
    if (text.charCodeAt(at) !== COLON) return false;
    at++;
    if (at < end && text.charCodeAt(at) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      at++;
    } else if (at === end) return false;
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  const missing = 8 - count;
  for (let word = 0; word < 4; word++) out[word] = 0;
  for (let from = 0; from < count; from++) {
    const to = gap >= 0 && from >= gap ? from + missing : from;
    out[to >> 1] = (out[to >> 1]! | (to & 1 ? groups[from]! : groups[from]! << 16)) >>> 0;
  }
  return true;
}

function readAddress(text: string, end: number, out: IpWords): Family {
  if (end === 0 || end > 45) return 0;
  if (text.lastIndexOf(':', end - 1) >= 0) return readIPv6(text, end, out) ? 6 : 0;
  const v4 = readIPv4(text, 0, end);
  if (v4 < 0) return 0;
  out[0] = out[1] = out[2] = 0;
  out[3] = v4;
  return 4;
}

function isMapped(words: IpWords): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

/** Reads an address into `out`; an IPv4-mapped one becomes the IPv4 address it means. */
export function readIp(text: string, out: IpWords): Family {
  const family = readAddress(text, text.length, out);
  if (family !== 6 || !isMapped(out)) return family;
  out[2] = 0;
  return 4;
}

/**
 * Reads `ADDRESS/BITS` into `out` (word 4: bits), host bits cleared. IPv4-mapped prefixes are
 * refused: they would mean two things.
 */
export function readPrefix(text: string, out: IpWords): Family {
  const slash = text.indexOf('/');
  if (slash < 0 || text.length - slash > 4) return 0;
  const family = readAddress(text, slash, out);
  if (family === 0 || (family === 6 && isMapped(out))) return 0;
  const digits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return 0;
  const bits = Number(digits);
  if (bits > (family === 4 ? 32 : 128)) return 0;
  clearHostBits(family, out, bits);
  out[4] = bits;
  return family;
}

function clearHostBits(family: Family, words: IpWords, bits: number): void {
  const depth = family === 4 ? bits + 96 : bits;
  for (let word = 0; word < 4; word++) {
    const kept = Math.min(32, Math.max(0, depth - word * 32));
    words[word] = kept === 0 ? 0 : (words[word]! & (0xffffffff << (32 - kept))) >>> 0;
  }
}

/** The canonical text (RFC 5952) of the address at `offset` in `words`. */
export function formatIp(family: Family, words: Uint32Array, offset = 0): string {
  if (family === 4) {
    const v4 = words[offset + 3]!;
    return `${v4 >>> 24}.${(v4 >>> 16) & 255}.${(v4 >>> 8) & 255}.${v4 & 255}`;
  }
  const hextets: number[] = [];
  for (let word = 0; word < 4; word++) {
    const value = words[offset + word]!;
    hextets.push(value >>> 16, value & 0xffff);
  }
  const { start, length } = longestZeroRun(hextets);
  const text = (from: number, to: number) =>
    hextets
      .slice(from, to)
      .map((hextet) => hextet.toString(16))
      .join(':');
  return length < 2 ? text(0, 8) : `${text(0, start)}::${text(start + length, 8)}`;
}

function longestZeroRun(hextets: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && hextets[at + length] === 0) length++;
    if (length > best.length) best = { start: at, length };
    at += length;
  }
  return best;
}
