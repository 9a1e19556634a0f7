/** Reads the DNS message that tailscaled's dns-query hands back (RFC 1035). */
import { type Answer, decode } from 'dns-packet';
import { formatAddress, parseAddress } from '../../ip/addresses.ts';
import { normaliseName } from './names.ts';

/** What a message says of a name; TTLs in seconds. */
export type DnsAnswer =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[]; readonly ttlS: number }
  /** A CNAME whose target is not in the message. */
  | { readonly kind: 'alias'; readonly target: string; readonly ttlS: number }
  /** The name exists without addresses of this family, or (`nxdomain`) not at all. */
  | { readonly kind: 'none'; readonly nxdomain: boolean; readonly ttlS: number }
  | { readonly kind: 'failed'; readonly detail: string };

const MAX_MESSAGE_BYTES = 65_535;
const MAX_CHAIN = 16;
const MAX_ADDRESSES = 64;

/** RFC 2308: an answer without a SOA record says nothing of how long it holds. */
const NEGATIVE_TTL_S = 5;

/** Reads the answer to a question for `name`. Never throws. */
export function readDnsAnswer(message: Uint8Array, name: string, type: 'A' | 'AAAA'): DnsAnswer {
  if (message.length > MAX_MESSAGE_BYTES)
    return { kind: 'failed', detail: 'the DNS answer is too large' };
  try {
    return interpret(decode(Buffer.from(message)), name, type);
  } catch {
    return { kind: 'failed', detail: 'the DNS answer is malformed' };
  }
}

function interpret(packet: ReturnType<typeof decode>, name: string, type: 'A' | 'AAAA'): DnsAnswer {
  // @types/dns-packet does not know the field that dns-packet sets from the low bits of the flags.
  const rcode = (packet as unknown as { rcode?: string }).rcode ?? '';
  if (packet.type !== 'response')
    return { kind: 'failed', detail: 'the DNS answer is not a response' };
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')
    return { kind: 'failed', detail: `the resolver answered ${rcode}` };
  const answers = packet.answers ?? [];
  const chain = followChain(answers, name);
  const found = new Set<string>();
  let ttlS = chain.ttlS;
  for (const answer of answers) {
    if (answer.type !== type || ownerOf(answer) !== chain.target || found.size >= MAX_ADDRESSES)
      continue;
    const address = canonical(answer.data, type);
    if (address === undefined) continue;
    found.add(address);
    ttlS = Math.min(ttlS, ttlOf(answer));
  }
  if (found.size > 0) return { kind: 'addresses', addresses: [...found], ttlS };
  if (rcode === 'NOERROR' && chain.target !== name)
    return { kind: 'alias', target: chain.target, ttlS };
  return {
    kind: 'none',
    nxdomain: rcode === 'NXDOMAIN',
    ttlS: negativeTtl(packet.authorities ?? []),
  };
}

function ttlOf(answer: Answer): number {
  const ttl = 'ttl' in answer ? answer.ttl : undefined;
  return typeof ttl === 'number' && ttl >= 0 && ttl < 2 ** 31 ? ttl : 0;
}

function ownerOf(answer: Answer): string | undefined {
  return normaliseName(answer.name);
}

function followChain(answers: readonly Answer[], name: string): { target: string; ttlS: number } {
  let target = name;
  let ttlS = 2 ** 31;
  for (let step = 0; step < MAX_CHAIN; step++) {
    const link = answers.find((answer) => answer.type === 'CNAME' && ownerOf(answer) === target);
    const next =
      link?.type === 'CNAME' && typeof link.data === 'string'
        ? normaliseName(link.data)
        : undefined;
    if (link === undefined || next === undefined || next === target) break;
    target = next;
    ttlS = Math.min(ttlS, ttlOf(link));
  }
  return { target, ttlS };
}

function canonical(data: unknown, type: 'A' | 'AAAA'): string | undefined {
  const address = typeof data === 'string' ? parseAddress(data) : undefined;
  if (address === undefined || (type === 'A' && address.family !== 4)) return undefined;
  return formatAddress(address);
}

function negativeTtl(authorities: readonly Answer[]): number {
  const soa = authorities.find((authority) => authority.type === 'SOA');
  if (soa?.type !== 'SOA') return NEGATIVE_TTL_S;
  const minimum = soa.data.minimum;
  return Math.min(ttlOf(soa), typeof minimum === 'number' ? minimum : NEGATIVE_TTL_S);
}
