import type { LookupFunction } from 'node:net';

/** Addresses of a host, in the order to try; rejects or is empty when there are none. */
export type ResolveHost = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

const lookupTimeoutMs = 10_000;

interface Found {
  readonly address: string;
  readonly family: 4 | 6;
}

async function findAddresses(
  resolveHost: ResolveHost,
  host: string,
  family: unknown,
): Promise<Found[]> {
  const addresses = await resolveHost(host, AbortSignal.timeout(lookupTimeoutMs));
  const wanted = ({ 4: 4, IPv4: 4, 6: 6, IPv6: 6 } as const)[family as 4];
  const found = addresses
    .map((address): Found => ({ address, family: address.includes(':') ? 6 : 4 }))
    .filter((each) => wanted === undefined || each.family === wanted);
  if (found.length > 0) return found;
  throw Object.assign(new Error(`no address of ${host} is known`), { code: 'ENOTFOUND' });
}

/** For sockets of Node's and undici's. Not Node's own `dns.lookup`: one that hangs would keep the process from ending. */
export function toLookup(resolveHost: ResolveHost): LookupFunction {
  return (host, options, callback) => {
    void (async () => {
      let found: Found[];
      try {
        found = await findAddresses(resolveHost, host, options.family);
      } catch (error) {
        return callback(error as NodeJS.ErrnoException, '');
      }
      if (options.all === true) return callback(null, found);
      return callback(null, found[0]?.address ?? '', found[0]?.family);
    })();
  };
}
