import { HostsFile } from '../dns/resolve/hosts-file.ts';
import { canonicalLiteral } from '../dns/resolve/literal.ts';
import { normaliseName } from '../dns/local-api/names.ts';
import { SystemResolver } from '../dns/resolve/system-resolver.ts';

/**
 * The addresses of a public host, for a command that runs without a supervisor: /etc/hosts, then c-ares, never
 * `dns.lookup`, whose thread would keep the command from ending. Empty when there are none.
 */
export async function hostAddresses(host: string): Promise<readonly string[]> {
  const literal = canonicalLiteral(host);
  if (literal !== undefined) return [literal];
  const name = normaliseName(host);
  if (name === undefined) return [];
  const known = new HostsFile('/etc/hosts').lookup(name);
  if (known !== undefined) return known;
  const resolver = new SystemResolver('/etc/resolv.conf');
  const absolute = host.endsWith('.');
  const answer = await resolver.lookup(name, { absolute, forbidden: () => false });
  return answer.kind === 'addresses' ? answer.addresses : [];
}
