/**
 * 4via6: an IPv4 address behind a site's subnet router as an IPv6 address of the tailnet, and as a
 * name (tailscale: net/tsaddr MapVia; net/dns/resolver/tsdns.go resolveViaDomain).
 */
import { formatAddress, parseAddress } from '../../ip/addresses.ts';
import { isUnder } from '../local-api/names.ts';

/** fd7a:115c:a1e0:b1a::/64 */
const VIA_PREFIX = 0xfd7a_115c_a1e0_0b1an;
const form = /^(\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3})-via-([\da-fox_]{1,40})$/;

export interface Via6 {
  /** The IPv4 address behind the site's router. */
  readonly ipv4: string;
  readonly siteId: number;
  /** The address that the tailnet routes. */
  readonly address: string;
}

/** Go's strconv.ParseUint(text, 0, 32): decimal, 0x, 0o, 0b or a leading 0, underscores between digits. */
function siteIdOf(text: string): number | undefined {
  const bare = /^(?:0[xob]_?)?[\da-f]+(?:_[\da-f]+)*$/.test(text) ? text.replaceAll('_', '') : '';
  const octal = /^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare;
  if (!/^(?:0x[\da-f]+|0o[0-7]+|0b[01]+|0|[1-9]\d*)$/.test(octal)) return undefined;
  const id = Number(octal);
  return id <= 0xffffffff ? id : undefined;
}

/**
 * Reads `10-1-2-3-via-7`, alone or under `ts.net`, `tailscale.net` or the tailnet's own suffix.
 * `name` is normalised. `undefined` for every other name.
 */
export function readVia6Name(name: string, suffix = ''): Via6 | undefined {
  const dot = name.indexOf('.');
  const label = dot < 0 ? name : name.slice(0, dot);
  const match = form.exec(label);
  if (match === null) return undefined;
  const domain = dot < 0 ? '' : name.slice(dot + 1);
  const ours =
    isUnder(domain, 'ts.net') || isUnder(domain, 'tailscale.net') || isUnder(domain, suffix);
  if (domain !== '' && !ours) return undefined;
  const ipv4 = match[1]!.replaceAll('-', '.');
  const siteId = siteIdOf(match[2]!);
  const address = parseAddress(ipv4);
  if (siteId === undefined || address === undefined) return undefined;
  const value = (VIA_PREFIX << 64n) | (BigInt(siteId) << 32n) | address.value;
  return { ipv4, siteId, address: formatAddress({ family: 6, value }) };
}

/** The way back: the IPv4 address and the site that a 4via6 address means. */
export function readVia6Address(text: string): Via6 | undefined {
  const address = parseAddress(text);
  if (address?.family !== 6 || address.value >> 64n !== VIA_PREFIX) return undefined;
  const ipv4 = formatAddress({ family: 4, value: address.value & 0xffff_ffffn });
  const siteId = Number((address.value >> 32n) & 0xffff_ffffn);
  return { ipv4, siteId, address: formatAddress(address) };
}

/** `10.1.2.3`, 7 → `10-1-2-3-via-7` */
export function via6Name(ipv4: string, siteId: number): string {
  return `${ipv4.replaceAll('.', '-')}-via-${siteId}`;
}
