import type { UpstreamProxy } from '../config.ts';
import type { DialOut } from '../lifecycle/credentials/api-client.ts';
import { dialThrough } from '../proxy/dial/upstream.ts';
import type { Resolver } from '../tailnet.ts';
import { hostAddresses } from './host-addresses.ts';
import { upstreamOf } from './upstream.ts';

const connectTimeoutMs = 10_000;

const hostResolver: Pick<Resolver, 'resolve'> = {
  async resolve(host) {
    const [first, ...others] = await hostAddresses(host);
    const known = { host, owned: false, source: 'dns' } as const;
    return first === undefined
      ? { ...known, kind: 'not_found', detail: `${host} does not exist`, nearest: [] }
      : { ...known, kind: 'resolved', addresses: [first, ...others] };
  },
};

/**
 * Connections of our own by the container's upstream proxy; `undefined` where there is none. Never by a tailnet: the
 * proxy's name is the host's, and its address too.
 */
export function dialOutOf(configured: UpstreamProxy | undefined): DialOut | undefined {
  const proxy = upstreamOf(configured);
  if (proxy === undefined) return undefined;
  return async (url, signal) => {
    const host = url.hostname.replaceAll(/^\[|\]$/g, '');
    if (proxy.isBypassed?.(host, undefined) === true) return undefined;
    const isPlain = url.protocol === 'http:';
    const port = Number(url.port || (isPlain ? 80 : 443));
    const dialled = await dialThrough(
      proxy,
      { host, port, ip: undefined },
      { isFixed: false, requests: isPlain, signal },
      { connectTimeoutMs, resolver: hostResolver, hostRoute: () => 'direct' },
    );
    signal.throwIfAborted();
    if (dialled.kind === 'failed') throw new Error(dialled.failure.detail);
    const { connection, absoluteForm } = dialled;
    return { socket: connection.socket, absoluteForm };
  };
}
