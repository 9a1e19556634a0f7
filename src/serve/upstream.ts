import type { UpstreamProxy as Configured } from '../config.ts';
import { noProxyOf } from '../no-proxy.ts';
import type { UpstreamProxy } from '../proxy/dial/dial-context.ts';

/** The container's own way out, in the form that dials use. */
export function upstreamOf(configured: Configured | undefined): UpstreamProxy | undefined {
  if (configured === undefined) return undefined;
  const url = new URL(configured.url);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: Number(url.port || 80),
    authorization: user === ':' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`,
    isBypassed: noProxyOf(configured.noProxy),
  };
}
