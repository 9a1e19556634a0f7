/** What a host text means as an address. */
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isCanonicalIPv4, readIPv6 } from './prefixes.ts';

/** One to four numbers, decimal, octal or hexadecimal: what inet_aton(3) reads. */
const inetAton = /^(?:0x[\da-f]*|\d+)(?:\.(?:0x[\da-f]*|\d+)){0,3}$/i;

/**
 * The canonical literal of any spelling of an IP address: `0x7f.1`, `127.1`, `2130706433`, octal, a
 * bracketed IPv6, a zone id (which is dropped). An IPv4-mapped IPv6 address is the IPv4 address it means.
 *
 * @returns a dotted quad or RFC 5952 text; `undefined` if `host` is a name (or neither)
 */
export function canonicalAddress(host: string): string | undefined {
  if (isCanonicalIPv4(host)) return host;
  if (host.includes(':')) return canonicalIPv6(host);
  const text = host.endsWith('.') ? host.slice(0, -1) : host;
  if (!inetAton.test(text)) return undefined;
  // inet_aton and the URL standard read `0x` as zero, ipaddr.js does not.
  const readable = text.replaceAll(/0x(?=\.|$)/gi, '0');
  return ipaddr.IPv4.isValid(readable) ? ipaddr.IPv4.parse(readable).toString() : undefined;
}

function canonicalIPv6(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (!isIPv6(bare)) return undefined;
  const [withoutZone = ''] = bare.split('%', 1);
  const address = readIPv6(withoutZone);
  return address.isIPv4MappedAddress()
    ? address.toIPv4Address().toString()
    : address.toRFC5952String();
}

const metadataEndpoints = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  'fd00:ec2::254',
  '[fd00:ec2::254]',
]);

/**
 * Whether the client asked for one of the cloud credential endpoints, written exactly so (AWS IMDS, ECS, EKS
 * pod identity). Another spelling of the same address is somebody hiding it.
 */
export function isMetadataEndpoint(hostAsWritten: string): boolean {
  return metadataEndpoints.has(hostAsWritten);
}
