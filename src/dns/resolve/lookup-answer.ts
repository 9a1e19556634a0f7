/** What a question for a name's addresses can come to, whoever was asked. */
import { within } from '../../async.ts';

/** A question's end: addresses (IPv4 first), another name, or why there is neither. */
export type LookupAnswer =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly ttlMs: number }
  | { readonly kind: 'alias'; readonly target: string; readonly ttlMs: number }
  | { readonly kind: 'none'; readonly detail: string; readonly ttlMs: number }
  /** The resolver is silent or broken. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** tailscaled is down or cannot do it. */
  | { readonly kind: 'unavailable'; readonly detail: string };

/** RFC 8305's Resolution Delay: how long a missing AAAA keeps an A that is there waiting. */
const IPV6_DELAY_MS = 50;
/** Longer the other way: most containers have no way out over IPv6. */
const IPV4_DELAY_MS = 1_000;

/** What two questions, for A and for AAAA, say together; an answer waits but briefly for its sister. */
export async function bothFamilies(
  ipv4: Promise<LookupAnswer>,
  ipv6: Promise<LookupAnswer>,
): Promise<LookupAnswer> {
  const first = await Promise.race([ipv4, ipv6]);
  if (first.kind !== 'addresses') return joined(await ipv4, await ipv6);
  const isIPv6 = first.addresses[0]?.includes(':') === true;
  const [sister, waitMs] = isIPv6 ? [ipv4, IPV4_DELAY_MS] : [ipv6, IPV6_DELAY_MS];
  const second = await within(waitMs, sister);
  // Half an answer is good for this dial, not for the cache.
  if (second === undefined) return { ...first, ttlMs: 0 };
  return isIPv6 ? joined(second, first) : joined(first, second);
}

function joined(ipv4: LookupAnswer, ipv6: LookupAnswer): LookupAnswer {
  if (ipv4.kind === 'addresses' && ipv6.kind === 'addresses') {
    const addresses = [...new Set([...ipv4.addresses, ...ipv6.addresses])];
    return { kind: 'addresses', addresses, ttlMs: Math.min(ipv4.ttlMs, ipv6.ttlMs) };
  }
  for (const kind of ['addresses', 'alias', 'failed', 'unavailable'] as const) {
    if (ipv4.kind === kind) return ipv4;
    if (ipv6.kind === kind) return ipv6;
  }
  return ipv4;
}
