import type { UpstreamProxy as Configured } from '../config.ts';
import { contains, parsePrefix } from '../proxy/addresses.ts';
import type { UpstreamProxy } from '../proxy/dial/upstream-proxy.ts';

/** One entry of NO_PROXY as Go's httpproxy reads it: `*`, an IP, a CIDR, `.suffix`, or a name with all below it. */
function matcher(entry: string): (host: string, ip: string | undefined) => boolean {
  if (entry === '*') return () => true;
  const lower = entry.toLowerCase();
  const bare = lower.split(':').length === 2 ? lower.replace(/:\d+$/, '') : lower;
  const prefix = parsePrefix(
    bare.includes('/') ? bare : `${bare}/${bare.includes(':') ? 128 : 32}`,
  );
  if (prefix !== undefined) return (_, ip) => ip !== undefined && contains(prefix, ip);
  const suffix = bare.replace(/^\*?\./, '');
  const hasApex = suffix === bare;
  return (host) => host.endsWith(`.${suffix}`) || (hasApex && host === suffix);
}

/** The container's own way out, in the form that dials use. */
export function upstreamOf(configured: Configured | undefined): UpstreamProxy | undefined {
  if (configured === undefined) return undefined;
  const url = new URL(configured.url);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const matchers = configured.noProxy.map(matcher);
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: Number(url.port || 80),
    authorization: user === ':' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`,
    isBypassed: (host, ip) => matchers.some((matches) => matches(host.toLowerCase(), ip)),
  };
}
