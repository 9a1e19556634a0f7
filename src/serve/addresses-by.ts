import type { ResolveHost } from '../lifecycle/credentials/host-lookup.ts';
import type { Resolver } from '../tailnet.ts';

/** Our resolver for HTTP clients of our own: addresses, or none. */
export function addressesBy(resolver: Pick<Resolver, 'resolve'>): ResolveHost {
  return async (host, signal) => {
    const resolution = await resolver.resolve(host, signal);
    return resolution.kind === 'resolved' ? resolution.addresses : [];
  };
}
