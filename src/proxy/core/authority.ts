/**
 * Where a request wants to go, read from the bytes the client sent: the authority of a CONNECT or
 * the absolute-form target of any other method. Ambiguous input is refused, never repaired.
 */

export interface Authority {
  /** As the client wrote it, brackets of an IPv6 literal included. */
  readonly written: string;
  /** `written` without brackets: what a resolver is asked. */
  readonly host: string;
  readonly port: number;
}

export type ParsedAuthority =
  | { readonly kind: 'authority'; readonly authority: Authority }
  | { readonly kind: 'malformed'; readonly detail: string };

export type ParsedTarget =
  | {
      readonly kind: 'target';
      readonly authority: Authority;
      /** Origin-form for the next hop; '' for `OPTIONS http://host`, the whole server (RFC 9112 3.2.4). */
      readonly path: string;
      /** `https://` and `wss://`: the bridge speaks TLS to the origin. */
      readonly isTls: boolean;
    }
  | { readonly kind: 'malformed'; readonly detail: string };

const MAX_HOST_LENGTH = 255;
// Each expression looks at a byte a fixed number of times: the bytes are a stranger's.
const REG_NAME = /^[a-z\d_~.-]+$/iu;
/** Where the run has several tailnets: `partner!web`. */
const TAILNET = /^[a-z]\w*!/iu;
const NOT_IN_URL =
  'a URL has no place for the name of a tailnet before its host; write the full name of the host, or use CONNECT, SOCKS5 or `spacetail forward`';
const IPV6 = /^[\da-f:.]+$/iu;
/** In lower case, nothing to escape, no dot at its end. */
const PLAIN_HOST = /^[!-@[-~]*[!-\-/-@[-~]$/;
/** The default port of each scheme that is forwarded. */
const SCHEME_PORTS: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443 };
const SCHEME_END = '://';
const LONGEST_SCHEME = 32;
/** Some readers take `\\` for `/`: before a path that would be another host. */
const AUTHORITY_ENDS = /[/?#\\]/u;

/**
 * RFC 9112 3.2.3: `host:port`, an IPv6 literal in brackets; the port is not optional.
 *
 * @param namesTailnet - the name of a tailnet and `!` may stand before the host
 */
export function parseAuthority(text: string, namesTailnet = false): ParsedAuthority {
  const prefix = (namesTailnet && TAILNET.exec(text)?.[0]) || '';
  const parsed = splitAuthority(text.slice(prefix.length), undefined);
  if (prefix === '' || parsed.kind === 'malformed') return parsed;
  const { written, host, port } = parsed.authority;
  return { kind: 'authority', authority: { written: prefix + written, host: prefix + host, port } };
}

/**
 * RFC 9112 3.2.2: an absolute URI of scheme http or https (or ws, wss, which upgrades use). Userinfo is cut off
 * (RFC 9110 4.2.4): it is neither sent on nor logged. Path and query go on byte for byte.
 */
export function parseAbsoluteTarget(
  target: string,
  method: string,
  /** Where a tailnet's name may stand before a host elsewhere: here it would reach the origin in the Host field. */
  namesTailnet = false,
): ParsedTarget {
  const schemeEnd = target.slice(0, LONGEST_SCHEME).indexOf(SCHEME_END);
  if (schemeEnd < 1) return malformed('the request target is not an absolute URI');
  const scheme = target.slice(0, schemeEnd).toLowerCase();
  const defaultPort = Object.hasOwn(SCHEME_PORTS, scheme) ? SCHEME_PORTS[scheme] : undefined;
  if (defaultPort === undefined) {
    return malformed('only http://, https://, ws:// and wss:// can be forwarded; use CONNECT');
  }
  const rest = target.slice(schemeEnd + SCHEME_END.length);
  const authorityEnd = rest.search(AUTHORITY_ENDS);
  const authority = authorityEnd === -1 ? rest : rest.slice(0, authorityEnd);
  const path = rest.slice(authority.length);
  if (path.includes('#')) return malformed('the request target has a fragment');
  if (path.startsWith('\\')) return malformed('the authority ends in a backslash');
  const parts = authority.split('@', 3);
  if (parts.length > 2) return malformed('the authority has more than one @');
  const [host = ''] = parts.slice(-1);
  if (namesTailnet && TAILNET.test(host)) return malformed(NOT_IN_URL);
  const parsed = splitAuthority(host, defaultPort);
  if (parsed.kind === 'malformed') return parsed;
  const isTls = defaultPort === SCHEME_PORTS['https'];
  return { kind: 'target', authority: parsed.authority, path: pathFor(path, method), isTls };
}

/** The host as the access log shows it: lower case, no trailing dot, control characters escaped. */
export function hostForLog(host: string): string {
  // Asked several times for each request, and nearly all hosts are written so.
  if (PLAIN_HOST.test(host)) return host;
  const plain = host.toLowerCase().replace(/\.$/u, '');
  return plain.replaceAll(/[\p{C}\p{Z}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return String.raw`\u` + code.toString(16).padStart(4, '0');
  });
}

/** `host:port`, an IPv6 literal in brackets. */
export function formatAuthority(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function pathFor(path: string, method: string): string {
  if (path.startsWith('/')) return path;
  if (path === '' && method === 'OPTIONS') return '';
  return `/${path}`;
}

function splitAuthority(text: string, defaultPort: number | undefined): ParsedAuthority {
  const match = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>[^:]*))?$/u.exec(text);
  if (match?.groups === undefined) return malformed('the authority is not host:port');
  const { host: written = '', port } = match.groups;
  const host = written.startsWith('[') ? written.slice(1, -1) : written;
  if (host === '') return malformed('the authority has no host');
  if (host.length > MAX_HOST_LENGTH) return malformed('the host is longer than 255 characters');
  if (!(written.startsWith('[') ? IPV6 : REG_NAME).test(host)) {
    return malformed('the host has characters that no name or address has');
  }
  if (!written.startsWith('[') && !isWritableName(host))
    return malformed('the host is no name: a label of it is empty or longer than 63 characters');
  if (written.startsWith('[') && !host.includes(':'))
    return malformed('brackets without an IPv6 address');
  const number = portNumber(port, defaultPort);
  if (number === undefined) return malformed('the port is not a number from 1 to 65535');
  return { kind: 'authority', authority: { written, host, port: number } };
}

/** RFC 1035 2.3.4; one final dot makes a name absolute. What is none could be read as different names by each who reads it. */
function isWritableName(host: string): boolean {
  const labels = host.split('.');
  if (labels.at(-1) === '') labels.pop();
  return labels.length > 0 && labels.every((label) => label !== '' && label.length <= 63);
}

/** RFC 3986 3.2.3 lets the port be empty, which then is the scheme's. */
function portNumber(text: string | undefined, defaultPort: number | undefined): number | undefined {
  if (text === undefined || text === '') return defaultPort;
  if (!/^\d{1,5}$/u.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function malformed(detail: string): { kind: 'malformed'; detail: string } {
  return { kind: 'malformed', detail };
}
