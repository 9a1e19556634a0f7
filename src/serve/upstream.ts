import type { UpstreamProxy as Configured } from '../config.ts';
import { noProxyOf } from '../no-proxy.ts';
import type { UpstreamProxy } from '../proxy/dial/dial-context.ts';

const PORTS = { http: 80, https: 443, socks5: 1080, socks5h: 1080 } as const;

/** The container's own way out, in the form that dials use. */
export function upstreamOf(configured: Configured | undefined): UpstreamProxy | undefined {
  if (configured === undefined) return undefined;
  const url = new URL(configured.url);
  const scheme = url.protocol.slice(0, -1) as keyof typeof PORTS;
  const login = {
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
  return {
    scheme,
    host: url.hostname.replaceAll(/^\[|\]$/g, '').toLowerCase(),
    port: Number(url.port || PORTS[scheme]),
    login: url.username === '' && url.password === '' ? undefined : login,
    isBypassed: noProxyOf(configured.noProxy),
  };
}
