/** Rules that can match nothing in the netmap: most often a name that was mistyped. */
import { contains, prefixOf } from '../../ip/prefixes.ts';
import type { Prefix } from '../../ip/prefixes.ts';
import { isInTailnetRange } from '../../ip/special-ranges.ts';
import type { Rule } from './rules.ts';
import type { Owner, Peer } from '../../tailnet.ts';

/** What the tailnet is made of, as far as a warning needs it. */
export interface Netmap {
  /** Of several: the rules for this one alone are looked at; without it those for any. */
  readonly tailnet?: string;
  readonly peers: Iterable<Peer>;
  /** MagicDNS suffix; '' if there is none. */
  readonly suffix: string;
  readonly hasExitNode: boolean;
  /** Other names that the tailnet answers for: ExtraRecords, services, this node. */
  readonly names?: Iterable<string>;
  ownerOf(ip: string): Owner | undefined;
}

interface Known {
  readonly netmap: Netmap;
  readonly names: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  readonly addresses: readonly string[];
}

const via6 = prefixOf('fd7a:115c:a1e0:b1a::/64');

/** @returns a sentence for each rule that cannot match anything, in the rules' order */
export function unmatchable(all: readonly Rule[], netmap: Netmap): string[] {
  const rules = all.filter(({ tailnet }) => tailnet === netmap.tailnet);
  if (rules.length === 0) return [];
  const peers = [...netmap.peers];
  const known: Known = {
    netmap,
    names: new Set([...peers.flatMap((peer) => peer.names), ...(netmap.names ?? [])]),
    tags: new Set(peers.flatMap((peer) => peer.tags)),
    addresses: peers.flatMap((peer) => peer.addresses),
  };
  return rules.flatMap((rule) => {
    const why = whyNot(rule, known);
    return why === undefined ? [] : [`${rule.place}: ${rule.text} matches nothing now: ${why}.`];
  });
}

function whyNot({ host, scope }: Rule, known: Known): string | undefined {
  if (host.kind === 'all' || host.kind === 'suffix') return undefined;
  if (host.kind === 'name') return whyNoName(host.name, known);
  if (host.kind === 'address') return whyNoAddress(host.ip, scope, known.netmap);
  if (host.kind === 'prefix') return whyNoPrefix(host.prefix, scope, known.addresses);
  if (scope === 'direct') return 'a node is never reached directly';
  if (host.kind === 'peer') {
    return known.names.has(host.peer) ? undefined : 'no node of the tailnet has this name';
  }
  return known.tags.has(host.tag) ? undefined : 'no node of the tailnet has this tag';
}

function whyNoName(name: string, { netmap, names }: Known): string | undefined {
  const isOurs = netmap.suffix !== '' && name.endsWith(`.${netmap.suffix}`);
  // A 4via6 name exists without standing in the netmap.
  if (!isOurs || names.has(name) || name.includes('-via-')) return undefined;
  return 'no node of the tailnet has this name';
}

function whyNoAddress(ip: string, scope: Rule['scope'], netmap: Netmap): string | undefined {
  const owner = netmap.ownerOf(ip);
  if (contains(via6, ip)) return undefined;
  if (owner?.kind === 'unassigned') return 'no node of the tailnet has this address';
  if (owner?.kind === 'peer' && scope === 'direct') return 'a node is never reached directly';
  const isOutside = owner === undefined && !netmap.hasExitNode;
  return isOutside && scope === 'tailnet' ? 'no node serves a route to this address' : undefined;
}

function whyNoPrefix(
  prefix: Prefix,
  scope: Rule['scope'],
  addresses: readonly string[],
): string | undefined {
  if (!isInTailnetRange(prefix) || contains(via6, prefix)) return undefined;
  if (scope === 'direct') return "the tailnet's own addresses are never reached directly";
  return addresses.some((ip) => contains(prefix, ip))
    ? undefined
    : 'no node of the tailnet has an address in it';
}
