/** NO_PROXY, which has no standard: read as Go's httpproxy does, which most programs around Terraform use. */
import { BlockList, isIP } from 'node:net';

/** Tells of a host and, where it is known, its address, whether the user wants it reached without the proxy. */
export type NoProxy = (host: string, ip?: string) => boolean;

/**
 * An entry is `*`, an IP, a CIDR, a name with all below it, or `.suffix` (`*.suffix`) without the name itself;
 * a port at its end is left out of account. What is none of these matches nothing.
 */
export function noProxyOf(entries: readonly string[]): NoProxy {
  const addresses = new BlockList();
  const names: { readonly apex: string | undefined; readonly suffix: string }[] = [];
  for (const entry of entries) {
    if (entry === '*') return () => true;
    const bare = withoutPort(entry.toLowerCase());
    if (addAddress(addresses, bare)) continue;
    const suffix = bare.replace(/^\*?\./, '');
    names.push({ apex: suffix === bare ? bare : undefined, suffix: `.${suffix}` });
  }
  return (host, ip) => {
    const name = host.toLowerCase().replace(/\.$/, '');
    const address = ip ?? name.replaceAll(/^\[|\]$/g, '');
    const family = isIP(address);
    if (family !== 0 && addresses.check(address, family === 6 ? 'ipv6' : 'ipv4')) return true;
    return names.some(({ apex, suffix }) => name === apex || name.endsWith(suffix));
  };
}

/** `host:port` and `[IPv6]:port`; a bare IPv6 address has more than one colon. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1];
  return bracketed ?? (entry.split(':').length === 2 ? entry.replace(/:\d+$/, '') : entry);
}

/** Whether it is an IP or a CIDR. */
function addAddress(list: BlockList, entry: string): boolean {
  const [address = '', bits, ...more] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  const longest = family === 6 ? 128 : 32;
  const length = bits === undefined ? longest : Number(/^\d{1,3}$/.exec(bits)?.[0] ?? Number.NaN);
  if (!(length <= longest)) return false;
  list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  return true;
}
