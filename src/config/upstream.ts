import type { ListenAddress } from './values.ts';

/** A proxy that this container must itself go through: for direct dials, OAuth and tailscaled's own traffic. */
export interface UpstreamProxy {
  readonly url: string;
  /** The user's NO_PROXY entries: destinations to dial without it. */
  readonly noProxy: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

function isOurs(proxy: string, listeners: readonly ListenAddress[]): boolean {
  const url = URL.parse(proxy.includes('://') ? proxy : `http://${proxy}`);
  if (url === null) return false;
  const host = url.hostname === 'localhost' ? '127.0.0.1' : url.hostname.replaceAll(/^\[|\]$/g, '');
  const port = Number(url.port || (url.protocol.startsWith('socks') ? 1080 : 80));
  return listeners.some(
    (listen) => listen.port === port && (listen.host === host || host === '127.0.0.1'),
  );
}

/**
 * The proxy given by SPACETAIL_UPSTREAM_PROXY, else the one that stood in the environment before `up`,
 * unless that is our own bridge (a second phase in the same container inherits our variables).
 */
export function foreignProxy(
  variables: Variables,
  given: string | undefined,
  listeners: readonly ListenAddress[],
): UpstreamProxy | undefined {
  if (given === 'off') return undefined;
  const noProxy = (variables['NO_PROXY'] ?? variables['no_proxy'] ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  if (given !== undefined) return { url: given, noProxy };
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    const value = variables[name];
    if (value === undefined || isOurs(value, listeners)) continue;
    const url = URL.parse(value.includes('://') ? value : `http://${value}`);
    // A SOCKS or https proxy in the user's variables is not one that we can use; tailscaled reads its own.
    if (url?.protocol === 'http:') return { url: url.href, noProxy };
  }
  return undefined;
}
