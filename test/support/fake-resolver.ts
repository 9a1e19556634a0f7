import { canonicalAddress } from '../../src/ip/addresses.ts';
import type { Resolution, Resolver } from '../../src/tailnet.ts';
import type { FakeTailnet } from './fake-tailnet.ts';

/** Resolves literals, the tailnet's nodes and `names`; what ends in the suffix is the tailnet's. */
export function fakeResolver(
  tailnet: FakeTailnet,
  names: Record<string, readonly [string, ...string[]]> = {},
): Resolver & { asked: string[] } {
  const asked: string[] = [];
  const answer = (written: string): Resolution => {
    const host = written.toLowerCase().replace(/\.$/u, '');
    const literal = canonicalAddress(host);
    if (literal !== undefined) {
      const owned = tailnet.ownerOf(literal) !== undefined;
      return { kind: 'resolved', host, source: 'literal', owned, addresses: [literal] };
    }
    const [first, ...others] = tailnet.peerNamed(host)?.addresses ?? [];
    if (first !== undefined) {
      return {
        kind: 'resolved',
        host,
        source: 'status',
        owned: true,
        addresses: [first, ...others],
      };
    }
    const known = names[host];
    if (known !== undefined) {
      return { kind: 'resolved', host, source: 'dns', owned: false, addresses: known };
    }
    const owned = host.endsWith('.tail1.ts.net');
    return { kind: 'not_found', host, source: undefined, owned, detail: '', nearest: ['web'] };
  };
  // As in a run: what no server has to be asked for.
  const known = (written: string): Resolution | undefined => {
    const resolution = answer(written);
    const isAsked = resolution.kind !== 'resolved' || resolution.source === 'dns';
    return isAsked ? undefined : resolution;
  };
  return {
    known,
    async resolve(written) {
      asked.push(written);
      return answer(written);
    },
    searched: () => Promise.resolve(undefined),
    asked,
  };
}
