/** The rule language of SPACETAIL_ALLOW and its like: `[direct:|tailnet:]HOST[:PORT|:A-B|:*]`. */
import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { SpacetailError } from '../../errors.ts';
import { canonicalAddress } from '../../ip/addresses.ts';
import { parsePrefix } from '../../ip/prefixes.ts';
import type { Prefix } from '../../ip/prefixes.ts';

/** A rule as somebody wrote it. */
export interface RuleText {
  readonly text: string;
  /** Where it stands, e.g. `SPACETAIL_ALLOW[2]` (counted from 0) or `policy.yaml:14`. */
  readonly place: string;
}

type RuleHost =
  | { readonly kind: 'all' }
  | { readonly kind: 'name'; readonly name: string }
  /** Without `*.`: `corp.example` for `*.corp.example`; any depth, not the apex. */
  | { readonly kind: 'suffix'; readonly suffix: string }
  | { readonly kind: 'address'; readonly ip: string }
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  /** With `tag:`, as in `Peer.tags`. */
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'peer'; readonly peer: string };

export interface Rule extends RuleText {
  readonly scope: 'any' | 'direct' | 'tailnet';
  /** `partner!…`: only in this tailnet, of several. */
  readonly tailnet?: string;
  readonly host: RuleHost;
  readonly fromPort: number;
  readonly toPort: number;
}

const accepted =
  'A rule is [direct:|tailnet:]HOST[:PORT|:A-B|:*]; HOST is a name, *.suffix, ** (all), an IP, [IPv6], a CIDR, tag:x or peer:short-name.';

/** @throws SpacetailError `config_invalid` that names place, value and what is accepted */
export function parseRules<Text extends RuleText>(
  texts: readonly Text[],
  /** Names that may stand before a `!`. */
  tailnets: readonly string[] = [],
): (Text & Rule)[] {
  return texts.map((written) => ({ ...written, ...parseRule(written, tailnets) }));
}

function parseRule(written: RuleText, tailnets: readonly string[]): Rule {
  const refuse = (why: string): never => {
    const value = JSON.stringify(written.text);
    throw new SpacetailError(
      'config_invalid',
      `${written.place}: ${value} is not a rule: ${why}. ${accepted}`,
      {
        hint: accepted,
      },
    );
  };
  const [, scope = 'any', rest = ''] = /^(?:(direct|tailnet):)?(.*)$/is.exec(written.text) ?? [];
  const [, name = '', unnamed = rest] = /^([^!]*)!(.*)$/s.exec(rest) ?? [];
  const tailnet = tailnets.find((one) => one === name.toLowerCase());
  if (tailnets.length > 0 && unnamed !== rest && tailnet === undefined)
    refuse(`${JSON.stringify(name)} is not one of SPACETAIL_TAILNETS`);
  const [hostText, portText] = splitPort(tailnet === undefined ? rest : unnamed, refuse);
  const [fromPort, toPort] = parsePorts(portText, refuse);
  return {
    text: written.text,
    place: written.place,
    scope: scope.toLowerCase() as Rule['scope'],
    ...(tailnet !== undefined && { tailnet }),
    host: parseHost(hostText, refuse),
    fromPort,
    toPort,
  };
}

type Refuse = (why: string) => never;

const forms = [
  /^(\[[^\]]*\](?:\/\d+)?)(?::(.*))?$/s, // [IPv6] and [IPv6]/LENGTH
  /^([^[\]]+\/[^:]*)(?::(.*))?$/s, // CIDR
  /^((?:tag|peer):[^:]*)(?::(.*))?$/is,
  /^([^:]*)(?::([^:]*))?$/s, // everything else has one colon at most
];

function splitPort(text: string, refuse: Refuse): [host: string, port: string | undefined] {
  for (const form of forms) {
    const match = form.exec(text);
    if (match !== null) return [match[1] ?? '', match[2]];
  }
  return refuse('an IPv6 address needs brackets, anything else has one colon at most');
}

function parsePorts(text: string | undefined, refuse: Refuse): [from: number, to: number] {
  if (text === undefined || text === '*') return [1, 65_535];
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from >= 1 && to <= 65_535)) refuse('a port is a number from 1 to 65535, a range A-B, or *');
  if (from > to) refuse('the range of ports is upside down');
  return [from, to];
}

function parseHost(text: string, refuse: Refuse): RuleHost {
  if (text === '') refuse('the host is missing');
  if (text === '**') return { kind: 'all' };
  if (/^tag:/i.test(text)) return parseTag(text, refuse);
  if (/^peer:/i.test(text)) return { kind: 'peer', peer: parseName(text.slice(5), refuse) };
  if (text.includes('/')) return parseCidr(text, refuse);
  if (text.startsWith('[')) return parseIPv6(text, refuse);
  if (text.startsWith('*.')) return { kind: 'suffix', suffix: parseName(text.slice(2), refuse) };
  const ip = canonicalAddress(text);
  if (ip === undefined) return { kind: 'name', name: parseName(text, refuse) };
  // `8080` is the address 0.0.31.144 to inet_aton, and hardly ever meant so in a list of rules.
  if (ip !== text) refuse(`write the address as ${ip}, a port after the host's colon`);
  return { kind: 'address', ip };
}

function parseTag(text: string, refuse: Refuse): RuleHost {
  const tag = text.slice(4);
  if (!/^[a-z][\w-]*$/i.test(tag)) refuse('a tag is a letter, then letters, digits and dashes');
  return { kind: 'tag', tag: `tag:${tag}` };
}

function parseCidr(text: string, refuse: Refuse): RuleHost {
  if (text.includes('://')) refuse('a URL is not a host');
  const prefix = parsePrefix(text.replace(/^\[([^\]]*)\](.*)$/s, '$1$2'));
  return prefix === undefined
    ? refuse('it is not a CIDR like 10.0.0.0/8 or fd00::/8')
    : { kind: 'prefix', prefix };
}

function parseIPv6(text: string, refuse: Refuse): RuleHost {
  const bare = text.slice(1, -1);
  const ip = isIPv6(bare) && !bare.includes('%') ? canonicalAddress(bare) : undefined;
  return ip === undefined ? refuse('no IPv6 address in the brackets') : { kind: 'address', ip };
}

function parseName(text: string, refuse: Refuse): string {
  // eslint-disable-next-line no-control-regex -- plain ASCII must not pass through IDNA, which also reads numbers
  const ascii = /^[\0-\x7f]*$/.test(text) ? text.toLowerCase() : domainToASCII(text);
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  const labels = name.split('.');
  const isName = labels.every((label) => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/.test(label));
  // A number in the last place makes it an address to the URL standard and to inet_aton.
  const isNumber = /^\d+$/.test(labels.at(-1) ?? '') && labels.length > 1;
  if (!isName || isNumber || name.length > 253)
    refuse(`${JSON.stringify(text)} is not a host name`);
  return name;
}
