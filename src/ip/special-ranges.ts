/**
 * Every range of addresses that means something by itself, in one table: the machine, its link, its cloud,
 * Tailscale's own, private networks. Who asks for one kind of them asks a function below.
 */
import { addressOf } from './addresses.ts';
import type { Address } from './addresses.ts';
import { contains, covers, makePrefix, prefixOf } from './prefixes.ts';
import { PrefixMap } from './prefix-map.ts';
import type { Prefix } from './prefixes.ts';

type Kind =
  /** The machine itself or its link. */
  | 'host'
  /** A service of the cloud that the machine runs in. */
  | 'cloud'
  /** A service of the cloud that hands out credentials, and which programs ask through a proxy. */
  | 'credentials'
  | 'multicast'
  /** Tailscale's own service address, answered by tailscaled. */
  | 'tailscaled'
  /** Any node's address may lie here (net/tsaddr: CGNATRange, TailscaleULARange). */
  | 'tailnet'
  /** Leads to a different network in each place: any tailnet may serve a route to it. */
  | 'private'
  /** Nobody's. */
  | 'reserved';

/** The text ends a sentence that begins with an address. */
const table: readonly (readonly [kind: Kind, range: string, why: string])[] = [
  ['host', '0.0.0.0/8', 'means this machine (0.0.0.0/8)'],
  ['host', '127.0.0.0/8', 'is a loopback address'],
  ['host', '169.254.0.0/16', 'is a link-local address'],
  ['host', '::/128', 'means this machine (::)'],
  ['host', '::1/128', 'is a loopback address'],
  ['host', 'fe80::/10', 'is a link-local address'],
  ['credentials', '169.254.169.254/32', 'is the metadata service of the cloud'],
  ['credentials', '169.254.170.2/32', 'is the credential endpoint of Amazon ECS'],
  ['credentials', '169.254.170.23/32', 'is the credential endpoint of Amazon EKS'],
  ['credentials', 'fd00:ec2::254/128', 'is the metadata service of Amazon EC2'],
  ['credentials', 'fd00:ec2::23/128', 'is the credential endpoint of Amazon EKS'],
  ['cloud', '168.63.129.16/32', 'is the platform service of Azure'],
  ['cloud', '100.100.100.200/32', 'is the metadata service of Alibaba Cloud'],
  ['cloud', 'fd00:100::100:200/128', 'is the metadata service of Alibaba Cloud'],
  ['cloud', '192.0.0.192/32', 'is the metadata service of Oracle Cloud'],
  ['cloud', 'fd00:c1::a9fe:a9fe/128', 'is the metadata service of Oracle Cloud'],
  ['cloud', 'fd20:ce::254/128', 'is the metadata service of Google Cloud'],
  ['cloud', 'fd00:42::42/128', 'is the metadata service of Scaleway'],
  ['cloud', 'fd00:a9fe:a9fe::1/128', 'is the metadata service of Akamai (Linode)'],
  ['multicast', '224.0.0.0/4', 'is a multicast address'],
  ['multicast', 'ff00::/8', 'is a multicast address'],
  ['tailscaled', '100.100.100.100/32', "is Tailscale's own service address"],
  ['tailscaled', 'fd7a:115c:a1e0::53/128', "is Tailscale's own service address"],
  ['tailnet', '100.64.0.0/10', "is in the tailnet's range"],
  ['tailnet', 'fd7a:115c:a1e0::/48', "is in the tailnet's range"],
  ['private', '10.0.0.0/8', 'is a private address'],
  ['private', '172.16.0.0/12', 'is a private address'],
  ['private', '192.168.0.0/16', 'is a private address'],
  ['private', 'fc00::/7', 'is a private address'],
  ['reserved', '240.0.0.0/4', 'is reserved'],
  ['reserved', '::/96', 'is an IPv4-compatible address, which nobody has'],
];

/** Never a destination by accident. */
const prohibited: ReadonlySet<Kind> = new Set([
  'host',
  'cloud',
  'credentials',
  'multicast',
  'tailscaled',
]);
/** Never a node's or a route's, whatever the netmap claims. */
const nobodysInTailnet: ReadonlySet<Kind> = new Set([...prohibited, 'reserved']);
/** The host network alone leads there. */
const hostOnly: ReadonlySet<Kind> = new Set(['host', 'cloud', 'credentials']);

/** IPv6 forms that carry an IPv4 address in their last 32 bits; IPv4-mapped is undone where addresses are read. */
const carriers: readonly { prefix: Prefix; name: string }[] = [
  { prefix: prefixOf('::ffff:0:0:0/96'), name: 'IPv4-translated' },
  { prefix: prefixOf('::/96'), name: 'IPv4-compatible' },
  { prefix: prefixOf('64:ff9b::/96'), name: 'NAT64' },
  { prefix: prefixOf('64:ff9b:1::/48'), name: 'NAT64' },
  { prefix: prefixOf('fd7a:115c:a1e0:b1a::/64'), name: '4via6' },
];

interface Row {
  readonly kind: Kind;
  readonly prefix: Prefix;
  readonly why: string;
}

const rows = new PrefixMap<Row>();
for (const [kind, range, why] of table) {
  const prefix = prefixOf(range);
  rows.set(prefix, { kind, prefix, why });
}

/** The most exact range around the address, of these kinds. */
function rowOf(address: Address, kinds: ReadonlySet<Kind>): Row | undefined {
  return rows.around(address).find(({ kind }) => kinds.has(kind));
}

export interface SpecialRange {
  /** The special range around the address, in the form the address is written in. */
  readonly prefix: Prefix;
  /** Ends a sentence that begins with the address, e.g. `is a loopback address`. */
  readonly why: string;
  /** A service of the cloud that the machine runs in, such as its metadata service. */
  readonly isCloud: boolean;
}

/**
 * The range that prohibits an address (interface: special addresses), looking through NAT64 (RFC 6052, 8215)
 * and 4via6. The node's own tailnet addresses are not known here: `owner.kind === 'self'` tells of them.
 */
export function specialRange(address: Address): SpecialRange | undefined {
  const row = rowOf(address, prohibited);
  if (row !== undefined) return { ...row, isCloud: isOfCloud(row) };
  const carried = carriedIPv4(address);
  const inner = carried && rowOf(carried.address, prohibited);
  if (carried === undefined || inner === undefined) return undefined;
  const { text } = makePrefix(carried.address, 32);
  return {
    prefix: makePrefix(
      { family: 6, value: (address.value & ~0xffff_ffffn) | inner.prefix.value },
      96 + inner.prefix.length,
    ),
    isCloud: isOfCloud(inner),
    why: `carries ${text.slice(0, -3)} (${carried.name}), which ${inner.why}`,
  };
}

function isOfCloud({ kind }: Row): boolean {
  return kind === 'cloud' || kind === 'credentials';
}

/** The IPv4 address that an IPv6 address leads to, and by which translation. */
export function carriedIPv4(address: Address): { address: Address; name: string } | undefined {
  if (address.family === 4) return undefined;
  const carrier = carriers.find(({ prefix }) => contains(prefix, address));
  if (carrier === undefined) return undefined;
  return { address: { family: 4, value: address.value & 0xffff_ffffn }, name: carrier.name };
}

/**
 * Whether only the host network itself leads to the address: loopback, the machine's link, services of its
 * cloud. Never routed into a tailnet, whatever a peer claims to serve.
 */
export function isHostOnly(address: Address): boolean {
  return rowOf(address, hostOnly) !== undefined && !isTailnetRange(address);
}

/** In 100.64.0.0/10 or fd7a:115c:a1e0::/48, Tailscale's service addresses included. */
export function isTailnetRange(address: Address): boolean {
  return rowOf(address, tailnetRanges) !== undefined;
}

/** The same of all addresses in a prefix. */
export function isInTailnetRange(prefix: Prefix): boolean {
  return table.some(([kind, range]) => kind === 'tailnet' && covers(prefixOf(range), prefix));
}

/** Whether it may be a node's address: in those ranges, and no service's. One look-up: a netmap has thousands. */
export function mayBeNode(address: Address): boolean {
  return rows.longest(address)?.kind === 'tailnet';
}

/** Addresses and routes in a netmap that are not believed. */
export function isNobodysInTailnet(address: Address): boolean {
  const row = rows.longest(address);
  return row !== undefined && nobodysInTailnet.has(row.kind);
}

/** @param ip - canonical literal */
export function isPrivate(ip: string): boolean {
  return rowOf(addressOf(ip), privateNetworks) !== undefined;
}

const tailnetRanges: ReadonlySet<Kind> = new Set(['tailnet']);
/** Shared address space (100.64.0.0/10) is one. */
const privateNetworks: ReadonlySet<Kind> = new Set(['private', 'tailnet']);

/** The credential endpoints of clouds (AWS IMDS, ECS, EKS pod identity), for NO_PROXY and the policy's exception. */
export const credentialEndpoints: readonly string[] = table
  .filter(([kind]) => kind === 'credentials')
  .map(([, range]) => range.slice(0, range.indexOf('/')));

const exactly = new Set(credentialEndpoints.map((ip) => (ip.includes(':') ? `[${ip}]` : ip)));

/**
 * Whether the client asked for one of the cloud credential endpoints, written exactly so. Another spelling of
 * the same address is somebody hiding it.
 *
 * @param host - as the client wrote it; IPv6 with or without the brackets that it needs in a URL
 */
export function isMetadataEndpoint(host: string): boolean {
  return exactly.has(host) || exactly.has(`[${host}]`);
}
