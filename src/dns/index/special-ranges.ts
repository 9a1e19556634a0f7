/** Ranges that mean the same on every machine, whatever a status document says. */
import { longestPrefix, PrefixTreeBuilder } from './prefix-tree.ts';
import { type Family, newIpWords, readPrefix } from './ip.ts';

/** net/tsaddr: CGNATRange and TailscaleULARange. */
const TAILNET = ['100.64.0.0/10', 'fd7a:115c:a1e0::/48'] as const;

/**
 * Never a peer's, whatever its AllowedIPs claim: this host, its links, multicast, reserved space,
 * cloud metadata services, IPv4-mapped addresses, quad-100.
 */
const NEVER_A_PEERS = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '100.100.100.100/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  '::/96',
  'fe80::/10',
  'ff00::/8',
  'fd7a:115c:a1e0::53/128',
  'fd00:ec2::254/128',
  'fd00:ec2::23/128',
] as const;

const IN_TAILNET = 1;
const NEVER = 2;

const ranges = (() => {
  const builder = new PrefixTreeBuilder();
  const words = newIpWords();
  for (const prefix of TAILNET)
    builder.set(readPrefix(prefix, words), words, words[4]!, IN_TAILNET);
  for (const prefix of NEVER_A_PEERS)
    builder.set(readPrefix(prefix, words), words, words[4]!, NEVER);
  return builder.finish();
})();

/** Whether the address is in 100.64.0.0/10 or fd7a:115c:a1e0::/48 and may be a node's. */
export function mayBeNodeAddress(family: Family, words: Uint32Array): boolean {
  return longestPrefix(ranges, family, words) === IN_TAILNET;
}

export function isNeverAPeers(family: Family, words: Uint32Array): boolean {
  return longestPrefix(ranges, family, words) === NEVER;
}

/** Whether the address is in the tailnet's own ranges, quad-100 included. */
export function isTailnetAddress(family: Family, words: Uint32Array): boolean {
  return family === 4
    ? words[3]! >>> 22 === 0x64400000 >>> 22
    : words[0] === 0xfd7a115c && words[1]! >>> 16 === 0xa1e0;
}
