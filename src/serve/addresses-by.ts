import type { Resolve } from '../dns/types.ts';
import type { ResolveHost } from '../lifecycle/credentials/host-lookup.ts';

/** Our resolver for HTTP clients of our own: addresses, or none. */
export function addressesBy(resolve: Resolve): ResolveHost {
  return async (host, signal) => {
    const resolution = await resolve(host, signal);
    return resolution.kind === 'resolved' ? resolution.addresses : [];
  };
}
