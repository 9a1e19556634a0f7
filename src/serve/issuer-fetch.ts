/** `fetch` for an issuer's keys: by the container's upstream proxy or directly, never through ourselves. */
import type { FetchImplementation } from 'jose';
import type { LookupFunction } from 'node:net';
import { Agent, fetch, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import { toLookup } from '../lifecycle/credentials/host-lookup.ts';
import type { UpstreamProxy } from '../proxy/dial/dial-context.ts';
import type { Resolver } from '../tailnet.ts';
import { addressesBy } from './addresses-by.ts';

export interface IssuerFetch extends AsyncDisposable {
  readonly fetch: FetchImplementation;
}

/**
 * @param upstream - used for every host that its NO_PROXY does not name; it resolves the issuer's name then
 * @param resolver - for the names of issuer and proxy: Node's own `dns.lookup` cannot be cancelled
 */
export function issuerFetch(
  upstream: UpstreamProxy | undefined,
  resolver: Pick<Resolver, 'resolve'>,
): IssuerFetch {
  const lookup = toLookup(addressesBy(resolver));
  const direct = new Agent({ connect: { lookup } });
  const proxied = upstream === undefined ? undefined : proxyAgent(upstream, lookup);
  const dispatcherFor = (url: string): Dispatcher =>
    proxied === undefined || upstream?.isBypassed?.(bareHost(url), undefined) === true
      ? direct
      : proxied;
  return {
    async fetch(url, { headers, method, redirect, signal }) {
      return await fetch(url, {
        headers: [...headers],
        method,
        redirect,
        signal,
        dispatcher: dispatcherFor(url),
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([direct.destroy(), proxied?.destroy()]);
    },
  };
}

function proxyAgent({ scheme, host, port, login }: UpstreamProxy, lookup: LookupFunction) {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  const [user, password] = [login?.user ?? '', login?.password ?? ''].map(encodeURIComponent);
  const userinfo = login === undefined ? '' : `${user}:${password}@`;
  // undici asks a SOCKS proxy by name in any case.
  const uri = `${scheme.replace('socks5h', 'socks5')}://${userinfo}${bracketed}:${port}`;
  return new ProxyAgent({ uri, proxyTls: { lookup } });
}

function bareHost(url: string): string {
  return new URL(url).hostname.replaceAll(/^\[|\]$/g, '');
}
