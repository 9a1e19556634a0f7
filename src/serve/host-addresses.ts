import { readFileSync } from 'node:fs';
import { HostsFile } from '../dns/resolve/hosts-file.ts';
import { canonicalLiteral } from '../dns/resolve/literal.ts';
import { normaliseName } from '../dns/local-api/names.ts';
import { leadsToTailscaleAlone, parseResolvConf } from '../dns/resolve/resolv-conf.ts';
import { SystemResolver } from '../dns/resolve/system-resolver.ts';
import { SpacetailError } from '../errors.ts';

/**
 * The addresses of a public host, for a command that runs without a supervisor: /etc/hosts, then c-ares, never
 * `dns.lookup`, whose thread would keep the command from ending. Empty when there are none.
 * @throws SpacetailError `resolver_is_tailscale`
 */
export async function hostAddresses(
  host: string,
  _signal?: AbortSignal,
  resolvConf = '/etc/resolv.conf',
): Promise<readonly string[]> {
  const literal = canonicalLiteral(host);
  if (literal !== undefined) return [literal];
  const name = normaliseName(host);
  if (name === undefined) return [];
  const known = new HostsFile('/etc/hosts').lookup(name);
  if (known !== undefined) return known;
  const resolver = new SystemResolver(resolvConf);
  const absolute = host.endsWith('.');
  const answer = await resolver.lookup(name, { absolute, forbidden: () => false });
  if (answer.kind === 'addresses') return answer.addresses;
  refuseTailscale(host, resolvConf);
  return [];
}

/** Nobody answers there but a tailscaled of this network namespace, and ours has no such address on the host. */
function refuseTailscale(host: string, path: string): void {
  if (!leadsToTailscaleAlone(parseResolvConf(readText(path)))) return;
  throw new SpacetailError(
    'resolver_is_tailscale',
    `${path} names 100.100.100.100 alone, from which no address of ${host} has come`,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
