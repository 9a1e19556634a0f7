import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../../ip/addresses.ts';

/** Of a socket's end, as Node writes it; an IPv4-mapped one is the IPv4 address that it means. */
export function addressOf(host: string): ipaddr.IPv4 | ipaddr.IPv6 {
  return ipaddr.parse(canonicalAddress(host) ?? host);
}
