/** Addresses that mean the machine itself, its link or its cloud: never a destination by accident. */
import { addressBytes, contains, covers, makePrefix, parsePrefix } from './prefixes.ts';
import type { Prefix } from './prefixes.ts';

export interface SpecialRange {
  /** The special range around the address, in the form the address is written in. */
  readonly prefix: Prefix;
  /** Ends a sentence that begins with the address, e.g. `is a loopback address`. */
  readonly why: string;
}

const ranges: readonly SpecialRange[] = [
  // More exact ones first: the first that matches gives the reason.
  range('169.254.169.254/32', 'is the metadata service of the cloud'),
  range('169.254.170.2/32', 'is the credential endpoint of Amazon ECS'),
  range('169.254.170.23/32', 'is the credential endpoint of Amazon EKS'),
  range('100.100.100.100/32', "is Tailscale's own service address"),
  range('168.63.129.16/32', 'is the platform service of Azure'),
  range('100.100.100.200/32', 'is the metadata service of Alibaba Cloud'),
  range('192.0.0.192/32', 'is the metadata service of Oracle Cloud'),
  range('0.0.0.0/8', 'means this machine (0.0.0.0/8)'),
  range('127.0.0.0/8', 'is a loopback address'),
  range('169.254.0.0/16', 'is a link-local address'),
  range('224.0.0.0/4', 'is a multicast address'),
  range('::/128', 'means this machine (::)'),
  range('::1/128', 'is a loopback address'),
  range('fe80::/10', 'is a link-local address'),
  range('ff00::/8', 'is a multicast address'),
  range('fd7a:115c:a1e0::53/128', "is Tailscale's own service address"),
  range('fd00:ec2::254/128', 'is the metadata service of the cloud'),
  range('fd00:ec2::23/128', 'is the credential endpoint of Amazon EKS'),
];

const ipv4Beginnings = byFirstByte(4);
const ipv6Beginnings = byFirstByte(16);

/** IPv6 forms that carry an IPv4 address in their last 32 bits; IPv4-mapped is undone by `canonicalAddress`. */
const carriers: readonly { prefix: Prefix; name: string }[] = [
  { prefix: prefix('::ffff:0:0:0/96'), name: 'IPv4-translated' },
  { prefix: prefix('::/96'), name: 'IPv4-compatible' },
  { prefix: prefix('64:ff9b::/96'), name: 'NAT64' },
  { prefix: prefix('64:ff9b:1::/48'), name: 'NAT64' },
  { prefix: prefix('fd7a:115c:a1e0:b1a::/64'), name: '4via6' },
];

/**
 * The special range that an address lies in, looking through NAT64 (RFC 6052, 8215) and 4via6.
 *
 * @param ip - a canonical literal
 * @param bytes - the address's, where they are known
 */
export function specialRange(
  ip: string,
  bytes: readonly number[] = addressBytes(ip),
): SpecialRange | undefined {
  return inRanges(bytes) ?? (bytes.length === 16 ? inCarrier(bytes) : undefined);
}

/**
 * Why an address is special: a fragment that follows the address, e.g. `is a loopback address`. The node's
 * own tailnet addresses are not known here: `owner.kind === 'self'` tells of them.
 *
 * @param ip - a canonical literal
 */
export function specialAddress(ip: string): string | undefined {
  return specialRange(ip)?.why;
}

function inRanges(bytes: readonly number[]): SpecialRange | undefined {
  const beginnings = bytes.length === 4 ? ipv4Beginnings : ipv6Beginnings;
  // Most addresses begin as no range does.
  return beginnings[bytes[0] ?? 0]?.find((candidate) => contains(candidate.prefix, bytes));
}

/** The ranges of one family, by each first byte that an address in them can have. */
function byFirstByte(length: 4 | 16): readonly (readonly SpecialRange[] | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) => {
    const first = makePrefix([byte, ...Array.from({ length: length - 1 }, () => 0)], 8);
    const found = ranges.filter(
      ({ prefix }) =>
        prefix.bytes.length === length && (covers(first, prefix) || covers(prefix, first)),
    );
    return found.length === 0 ? undefined : found;
  });
}

function inCarrier(bytes: readonly number[]): SpecialRange | undefined {
  const carrier = carriers.find((candidate) => contains(candidate.prefix, bytes));
  const inner = carrier && inRanges(bytes.slice(12));
  if (carrier === undefined || inner === undefined) return undefined;
  const carried = [...bytes.slice(0, 12), ...inner.prefix.bytes];
  return {
    prefix: makePrefix(carried, 96 + inner.prefix.length),
    why: `carries ${bytes.slice(12).join('.')} (${carrier.name}), which ${inner.why}`,
  };
}

function range(text: string, why: string): SpecialRange {
  return { prefix: prefix(text), why };
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new TypeError(`not a prefix: ${text}`);
  return parsed;
}
