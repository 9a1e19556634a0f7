import { credentialEndpoints } from '../../ip/special-ranges.ts';
import type { Before } from './before-file.ts';
import type { Environment } from '../tailscaled/child-environment.ts';
import type { ListenAddress } from '../join/progress.ts';

/** The bridge as clients see it; a configuration fits, and so do the addresses that were really bound. */
export interface BridgeAddresses {
  readonly http: ListenAddress;
  readonly socks5: ListenAddress | undefined;
  readonly proxyToken: string | undefined;
}

/** What becomes of each variable; undefined is unset. */
export type Assignments = Readonly<Record<string, string | undefined>>;

/** Both cases: curl reads http_proxy in lower case only, others the upper one only. */
export const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/**
 * What never needs the bridge: loopback, the cloud's metadata and credential endpoints, and Spacelift, whose
 * state API must not depend on us.
 */
export const defaultNoProxy: readonly string[] = [
  'localhost',
  '127.0.0.1',
  '::1',
  ...credentialEndpoints,
  'metadata.google.internal',
  // As Google's own client writes it; NO_PROXY is compared letter by letter.
  'metadata.google.internal.',
  '.spacelift.io',
];

/** A wildcard address is not one to connect to. */
function reachable({ host, port }: ListenAddress): string {
  if (host === '0.0.0.0') return `127.0.0.1:${port}`;
  if (host === '::') return `[::1]:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function entriesOf(noProxy: string | undefined): string[] {
  return (noProxy ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
}

/**
 * Without spaces, since Pulumi fails on them silently; the defaults first, each entry once. Before them the API server
 * of the pod's cluster, whose address a route of the tailnet may cover.
 */
function mergeNoProxy(theirs: readonly string[], env: Environment): string {
  const cluster = env['KUBERNETES_SERVICE_HOST'] ?? '';
  // `*` would send everything past the bridge that was asked for.
  const own = theirs.filter((entry) => entry !== '*' && entry !== cluster);
  return [...new Set([...(cluster === '' ? [] : [cluster]), ...defaultNoProxy, ...own])].join(',');
}

/** What the user had in NO_PROXY: before `up`, and now where it is not ours. */
function userNoProxy(before: Before, env: Environment): string[] {
  const values = ['NO_PROXY', 'no_proxy'].flatMap((name) => {
    const now = env[name];
    return isOurNoProxy(now) ? [before[name]] : [before[name], now];
  });
  return values.flatMap((value) => entriesOf(value));
}

/** The defaults stand first, and in our order, only in a value that `env` made. */
function isOurNoProxy(value: string | undefined): boolean {
  return afterDefaults(value ?? '') !== undefined;
}

/** The user's part of a NO_PROXY that `env` made; `undefined` of another. */
function afterDefaults(value: string): string[] | undefined {
  const entries = entriesOf(value);
  const [first = ''] = defaultNoProxy;
  const at = entries[0] === first ? 0 : 1;
  const isMade = defaultNoProxy.every((entry, index) => entries[at + index] === entry);
  return isMade ? entries.slice(at + defaultNoProxy.length) : undefined;
}

/**
 * The variables that send clients to the bridge. ALL_PROXY is the SOCKS listener, never http://: Go's
 * x/net/proxy dials directly, without a word, for a scheme it does not know.
 *
 * @param before what stood before `up`, for its NO_PROXY
 * @param env the environment now, for a NO_PROXY that was set since
 */
export function proxyVariables(
  bridge: BridgeAddresses,
  before: Before,
  env: Environment,
): Record<string, string> {
  const login =
    bridge.proxyToken === undefined ? '' : `spacetail:${encodeURIComponent(bridge.proxyToken)}@`;
  const http = `http://${login}${reachable(bridge.http)}`;
  const values: Record<string, string | undefined> = {
    HTTP_PROXY: http,
    HTTPS_PROXY: http,
    ALL_PROXY: bridge.socks5 && `socks5://${login}${reachable(bridge.socks5)}`,
    NO_PROXY: mergeNoProxy(userNoProxy(before, env), env),
  };
  const both = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const, [name.toLowerCase(), value] as const],
  );
  return Object.fromEntries(both);
}

function pointsAt(value: string, listen: ListenAddress | undefined): boolean {
  if (listen === undefined) return false;
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (url === null) return false;
  const host = url.hostname === 'localhost' ? '127.0.0.1' : url.hostname;
  // URL drops http's own port 80; that of SOCKS may be left out (RFC 1928).
  const port = url.port || (url.protocol.startsWith('socks') ? '1080' : '80');
  return `${host}:${port}` === reachable(listen);
}

/** ALL_PROXY without a scheme is read as SOCKS by some. */
function isSocks(value: string): boolean {
  return /^socks\w*:/i.test(value) || !value.includes('://');
}

/** Whether a proxy variable's value sends clients to the bridge, or is the NO_PROXY that `env` made. */
export function isOurs(name: string, value: string, bridge: BridgeAddresses): boolean {
  const upper = name.toUpperCase();
  if (!proxyNames.includes(upper)) return false;
  if (upper === 'NO_PROXY') return isOurNoProxy(value);
  return pointsAt(value, bridge.http) || (isSocks(value) && pointsAt(value, bridge.socks5));
}

/** Names of the variables in an environment that are ours. */
export function oursIn(env: Environment, bridge: BridgeAddresses): string[] {
  return proxyNames.filter((name) => isOurs(name, env[name] ?? '', bridge));
}

/**
 * The proxy variables that stand in the environment and are the user's own; what `before.json` keeps. Of a
 * NO_PROXY that is ours, from an earlier phase, the user's part.
 */
export function savedProxyVariables(
  env: Environment,
  bridge: BridgeAddresses,
): Record<string, string> {
  const saved: Record<string, string> = {};
  for (const name of proxyNames) {
    const value = env[name];
    if (value === undefined || value === '') continue;
    const restored = isOurs(name, value, bridge) ? ownPart(name, value) : value;
    if (restored !== undefined) saved[name] = restored;
  }
  return saved;
}

/** What is left of a value of ours when we are taken out of it. */
function ownPart(name: string, value: string): string | undefined {
  if (name.toUpperCase() !== 'NO_PROXY') return undefined;
  const theirs = afterDefaults(value) ?? [];
  return theirs.length === 0 ? undefined : theirs.join(',');
}

/**
 * What a variable of ours goes back to: what stood there before `up`, or nothing. Where nothing is known of
 * before (after `down`), a NO_PROXY still tells the user's part.
 */
export function restoredValue(
  name: string,
  value: string,
  before: Before | undefined,
): string | undefined {
  return before === undefined ? ownPart(name, value) : before[name];
}

/** For `env --unset`: each variable as it stood before `up`; one that the user has set since is left alone. */
export function restoringVariables(
  bridge: BridgeAddresses,
  before: Before,
  env: Environment,
): Assignments {
  const ours = proxyNames.filter((name) => {
    const now = env[name];
    return now === undefined || now === '' || now === before[name] || isOurs(name, now, bridge);
  });
  return Object.fromEntries(ours.map((name) => [name, before[name]]));
}

/** What makes clients ignore or refuse the variables, one sentence each. */
export function proxyWarnings(env: Environment): string[] {
  // golang.org/x/net/http/httpproxy takes REQUEST_METHOD for a CGI program's environment.
  return env['REQUEST_METHOD'] === undefined || env['REQUEST_METHOD'] === ''
    ? []
    : ['REQUEST_METHOD is set: Go programs refuse HTTP_PROXY then, as in a CGI program; unset it.'];
}
