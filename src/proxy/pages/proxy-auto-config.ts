/** `/proxy.pac`: tells a browser to send everything but its own machine to the bridge. */
export interface PacListeners {
  readonly http: { readonly host: string; readonly port: number };
  readonly socks5: { readonly host: string; readonly port: number } | undefined;
}

/**
 * Any web site can load the file as a script, so no name of the tailnet stands in it; public hosts go through
 * the bridge as well, which sends them on directly. No `DIRECT` at the end: a private name must not go to the
 * network because the bridge is gone for a moment.
 */
export function proxyAutoConfig({ http, socks5 }: PacListeners): string {
  const ways = [`PROXY ${textOf(http)}`, ...(socks5 ? [`SOCKS5 ${textOf(socks5)}`] : [])];
  return `function FindProxyForURL(url, host) {
  host = host.toLowerCase();
  if (host === 'localhost' || host.slice(-10) === '.localhost' || host === '::1' || host === '[::1]' ||
      /^127\\.\\d+\\.\\d+\\.\\d+$/.test(host)) return 'DIRECT';
  return '${ways.join('; ')}';
}
`;
}

function textOf({ host, port }: { host: string; port: number }): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`;
}
