/** The ends that a resolution can come to. */
import type { LookupAnswer } from './lookup-answer.ts';
import type { NameSource, Resolution } from '../../tailnet.ts';

export function found(
  host: string,
  source: NameSource,
  owned: boolean,
  addresses: readonly string[],
): Resolution {
  const [first, ...others] = atMost(addresses);
  if (first === undefined) return none(host, owned, `${host} has no address`);
  return { kind: 'resolved', host, source, owned, addresses: [first, ...others] };
}

/** More of a name cost time and are never dialled; each family keeps half where both have as many. */
const MAX_ADDRESSES = 64;

function atMost(addresses: readonly string[]): readonly string[] {
  if (addresses.length <= MAX_ADDRESSES) return addresses;
  const ipv6 = addresses.filter((address) => address.includes(':'));
  const ipv4 = addresses.filter((address) => !address.includes(':'));
  const half = MAX_ADDRESSES / 2;
  const kept4 = ipv4.slice(0, Math.max(half, MAX_ADDRESSES - ipv6.length));
  return [...kept4, ...ipv6.slice(0, MAX_ADDRESSES - kept4.length)];
}

export function none(
  host: string,
  owned: boolean,
  detail: string,
  nearest: readonly string[] = [],
): Resolution {
  return { kind: 'not_found', host, source: undefined, owned, detail, nearest };
}

export function failureFor(host: string, owned: boolean, detail: string): Resolution {
  return { kind: 'no_answer', host, owned, detail };
}

export function unavailable(host: string, detail: string): Resolution {
  return { kind: 'unavailable', host, owned: true, detail };
}

/** What the answer of a resolver means for the host. */
export function resolutionOf(
  host: string,
  source: NameSource,
  owned: boolean,
  answer: LookupAnswer,
): Resolution {
  switch (answer.kind) {
    case 'addresses':
      return found(host, source, owned, answer.addresses);
    case 'none':
      return { kind: 'not_found', host, source, owned, detail: answer.detail, nearest: [] };
    case 'alias':
      return {
        kind: 'not_found',
        host,
        source,
        owned,
        detail: `${host} is an alias of ${answer.target}, which has no address`,
        nearest: [],
      };
    case 'failed':
      return failureFor(host, owned, answer.detail);
    case 'unavailable':
      return owned ? unavailable(host, answer.detail) : failureFor(host, owned, answer.detail);
    default:
      return answer satisfies never;
  }
}
