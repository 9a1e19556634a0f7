/** Rules that can match nothing in the netmap: most often a name that was mistyped. */
import { contains, parsePrefix } from './prefixes.ts';
import type { Prefix } from './prefixes.ts';
import type { Rule } from './rules.ts';
import type { Owner, Peer } from './tailnet.ts';

/** What the tailnet is made of, as far as a warning needs it. */
export interface Netmap {
  readonly peers: Iterable<Peer>;
  /** MagicDNS suffix; '' if there is none. */
  readonly suffix: string;
  /** Other names that the tailnet answers for: ExtraRecords, services, this node. */
  readonly names?: Iterable<string>;
  ownerOf(ip: string): Owner | undefined;
}

const tailnetRanges = ['100.64.0.0/10', 'fd7a:115c:a1e0::/48'].map(
  (text) => parsePrefix(text) as Prefix,
);
const via6 = parsePrefix('fd7a:115c:a1e0:b1a::/64') as Prefix;

/** @returns a sentence for each rule that cannot match anything, in the rules' order */
export function unmatchable(rules: readonly Rule[], netmap: Netmap): string[] {
  const peers = [...netmap.peers];
  const names = new Set([...peers.flatMap((peer) => peer.names), ...(netmap.names ?? [])]);
  const tags = new Set(peers.flatMap((peer) => peer.tags));
  const addresses = peers.flatMap((peer) => peer.addresses);
  const whyNot = ({ host, scope }: Rule): string | undefined => {
    switch (host.kind) {
      case 'tag':
        if (scope === 'direct') return 'a node is never reached directly';
        return tags.has(host.tag) ? undefined : 'no node of the tailnet has this tag';
      case 'peer':
        if (scope === 'direct') return 'a node is never reached directly';
        return names.has(host.peer) ? undefined : 'no node of the tailnet has this name';
      case 'name':
        return isOurs(host.name, netmap.suffix) && !names.has(host.name)
          ? `no name of the tailnet ${netmap.suffix} is ${host.name}`
          : undefined;
      case 'address':
        return whyNoAddress(host.ip, scope, netmap);
      case 'prefix':
        return whyNoPrefix(host.prefix, scope, addresses);
      default:
        return undefined;
    }
  };
  return rules.flatMap((rule) => {
    const why = whyNot(rule);
    return why === undefined ? [] : [`${rule.place}: ${rule.text} matches nothing now: ${why}.`];
  });
}

function isOurs(name: string, suffix: string): boolean {
  return suffix !== '' && name.endsWith(`.${suffix}`) && !name.includes('-via-');
}

function whyNoAddress(ip: string, scope: Rule['scope'], netmap: Netmap): string | undefined {
  const owner = netmap.ownerOf(ip);
  if (owner?.kind === 'unassigned') return 'no node of the tailnet has this address';
  if (owner?.kind === 'peer' && scope === 'direct') return 'a node is never reached directly';
  return owner === undefined && scope === 'tailnet' && netmap.suffix !== ''
    ? whyNotRouted(ip)
    : undefined;
}

function whyNotRouted(ip: string): string | undefined {
  return contains(via6, ip) ? undefined : 'no node of the tailnet serves a route to this address';
}

function whyNoPrefix(
  prefix: Prefix,
  scope: Rule['scope'],
  addresses: readonly string[],
): string | undefined {
  const range = tailnetRanges.find(
    (candidate) => contains(candidate, prefix.bytes) && prefix.length >= candidate.length,
  );
  if (range === undefined || contains(via6, prefix.bytes)) return undefined;
  if (scope === 'direct') return "the tailnet's own addresses are never reached directly";
  return addresses.some((ip) => contains(prefix, ip))
    ? undefined
    : 'no node of the tailnet has an address in it';
}
