/** resolv.conf(5), as far as it decides which questions are asked of whom. */
import { isIP, isIPv6 } from 'node:net';
import { normaliseName } from '../local-api/names.ts';

export interface ResolvConf {
  /** Addresses as c-ares takes them, e.g. `10.0.0.2`, `[fd00::2]:53`; at most three. */
  readonly servers: readonly string[];
  readonly search: readonly string[];
  /** A name with fewer dots is tried with the search domains first. */
  readonly ndots: number;
  /** For one try. */
  readonly timeoutMs: number;
  readonly attempts: number;
}

/** glibc's MAXNS, MAXDNSRCH stays unlimited as in glibc 2.26. */
const MAX_SERVERS = 3;
const MAX_NDOTS = 15;
const MAX_ATTEMPTS = 5;
/** resolv.conf's own default of 5 s would be the whole time that a look-up has. */
const MAX_TIMEOUT_MS = 1_500;

function option(options: readonly string[], name: string, fallback: number, most: number): number {
  const written =
    options.findLast((word) => word.startsWith(`${name}:`))?.slice(name.length + 1) ?? '';
  return /^\d{1,6}$/.test(written) ? Math.min(most, Number(written)) : fallback;
}

function serverOf(word: string): string | undefined {
  const bare = word.replace(/%.*$/, '');
  if (isIP(bare) !== 0) return isIPv6(bare) ? `[${bare}]` : bare;
  return /^(?:\[[\da-fA-F:.]+\]|\d+\.\d+\.\d+\.\d+):\d{1,5}$/.test(word) ? word : undefined;
}

export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  const options: string[] = [];
  let search: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/^\s*[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver') {
      const server = serverOf(words[0] ?? '');
      if (server !== undefined && servers.length < MAX_SERVERS) servers.push(server);
    } else if (keyword === 'search') search = words;
    else if (keyword === 'domain') search = words.slice(0, 1);
    else if (keyword === 'options') options.push(...words);
  }
  return {
    servers: servers.length > 0 ? servers : ['127.0.0.1'],
    search: search.map((domain) => normaliseName(domain)).filter((domain) => domain !== undefined),
    ndots: option(options, 'ndots', 1, MAX_NDOTS),
    timeoutMs: Math.max(
      100,
      option(options, 'timeout', MAX_TIMEOUT_MS / 1000, MAX_TIMEOUT_MS / 1000) * 1000,
    ),
    attempts: Math.max(1, option(options, 'attempts', 2, MAX_ATTEMPTS)),
  };
}

/** Whether all that it names is tailscaled's own resolver, as on a host with Tailscale. */
export function leadsToTailscaleAlone({ servers }: ResolvConf): boolean {
  return servers.every(
    (server) => server === '100.100.100.100' || server === '[fd7a:115c:a1e0::53]',
  );
}

/** The names to ask for `name`, in order (res_search). */
export function candidatesOf(
  name: string,
  absolute: boolean,
  { search, ndots }: ResolvConf,
): string[] {
  if (absolute) return [name];
  const dots = name.split('.').length - 1;
  const searched = search
    .map((domain) => `${name}.${domain}`)
    .filter((candidate) => candidate.length <= 253);
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}
