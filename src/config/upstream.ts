/** The proxy that this container must itself go through, read as curl reads it. */
import { isIPv6 } from 'node:net';
import { SpacetailError } from '../errors.ts';

/** For direct dials, OAuth and tailscaled's own traffic. */
export interface UpstreamProxy {
  /** Canonical: a scheme, user and password percent-encoded, e.g. `http://CORP%5Cann:s3cret@proxy.corp:3128/`. */
  readonly url: string;
  /** The user's NO_PROXY entries: destinations to dial without it. */
  readonly noProxy: readonly string[];
}

/** As in values.ts, which reads with this. */
interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

const PORTS: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  socks5: 1080,
  socks5h: 1080,
};
const PROXY =
  /^(?:(?<scheme>[a-z][a-z\d+.-]*):\/\/)?(?:(?<login>[^/?#]*)@)?(?<host>\[[\da-f:.]+\]|[\w.-]+)(?::(?<port>\d{1,5}))?\/?$/iu;

export const proxySyntax =
  'the URL of a proxy such as http://proxy.corp:3128, also https, socks5 or socks5h';

/**
 * The canonical URL; `undefined` for what is none. The login ends at the last `@` and is split at its first `:`; a `%`
 * that begins no escape is itself, and a backslash too.
 */
export function parseProxyUrl(value: string): string | undefined {
  const { scheme = 'http', login, host = '', port } = PROXY.exec(value.trim())?.groups ?? {};
  const defaultPort = PORTS[scheme.toLowerCase()];
  const number = port === undefined ? defaultPort : Number(port);
  if (defaultPort === undefined || host === '') return undefined;
  if (number === undefined || number < 1 || number > 65_535) return undefined;
  if (host.startsWith('[') && !isIPv6(host.slice(1, -1))) return undefined;
  const [user = '', ...rest] = login?.split(':') ?? [];
  const parts = [user, rest.join(':')].map(encoded);
  if (parts.includes(undefined)) return undefined;
  const userinfo = login === undefined || login === '' ? '' : `${parts.join(':')}@`;
  return URL.parse(`${scheme.toLowerCase()}://${userinfo}${host}:${number}`)?.href;
}

/** Percent-encoded once, whatever of it was already; `undefined` where escapes stand for no UTF-8. */
function encoded(part: string): string | undefined {
  try {
    const plain = part.replaceAll(/%(?![\da-f]{2})/giu, '%25');
    return encodeURIComponent(decodeURIComponent(plain));
  } catch {
    return undefined;
  }
}

function isOurs(proxy: string, listeners: readonly ListenAddress[]): boolean {
  const url = new URL(proxy);
  const host = url.hostname === 'localhost' ? '127.0.0.1' : url.hostname.replaceAll(/^\[|\]$/g, '');
  const port = Number(url.port || PORTS[url.protocol.slice(0, -1)]);
  return listeners.some(
    (listen) => listen.port === port && (listen.host === host || host === '127.0.0.1'),
  );
}

/**
 * The proxy given by SPACETAIL_UPSTREAM_PROXY, else the one that stood in the environment before `up`,
 * unless that is our own bridge (a second phase in the same container inherits our variables).
 *
 * @throws SpacetailError `config_invalid` for one that cannot be used; the value is not told, it may hold a password
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
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].flatMap((upper) => [
    upper,
    upper.toLowerCase(),
  ])) {
    const value = variables[name];
    if (value === undefined) continue;
    const url = parseProxyUrl(value);
    if (url === undefined) {
      throw new SpacetailError('config_invalid', `${name} is no proxy that can be used`, {
        hint: `Give ${proxySyntax}; or set SPACETAIL_UPSTREAM_PROXY, which comes before it (off for none).`,
      });
    }
    if (!isOurs(url, listeners)) return { url, noProxy };
  }
  return undefined;
}
