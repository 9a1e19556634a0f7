/**
 * Where the bridge listens: SPACETAIL_*, or what was meant for tailscaled's own proxies. Those would go around
 * policy, names and log, so they move our listeners instead.
 */
import { type ListenAddress, parseListenAddress } from './values.ts';
import { invalid } from './variables.ts';

/** An address and what the user wrote it by, for messages. */
export interface Moved {
  readonly listen: ListenAddress;
  readonly by: string;
}

export interface Listening {
  readonly http: ListenAddress;
  /** `undefined` when switched off. */
  readonly socks5: ListenAddress | undefined;
  /** Sentences for the user. */
  readonly notices: readonly string[];
}

/** Go's `:1055` means every interface; behind our bridge it means loopback, like our default. */
export function moveListener(value: string, by: string): Moved {
  const listen = parseListenAddress(value.startsWith(':') ? `127.0.0.1${value}` : value);
  if (listen === undefined) {
    throw invalid([`${by}=${value} is not accepted; accepted: an address such as 127.0.0.1:1055`]);
  }
  return { listen, by };
}

type Variables = Readonly<Record<string, string>>;

export interface ListenSettings {
  readonly http: ListenAddress;
  readonly socks5: ListenAddress | 'off';
  readonly token: string | undefined;
}

/**
 * First a flag of TS_TAILSCALED_EXTRA_ARGS, then ours, then containerboot's variable.
 * @throws SpacetailError config_invalid, with the variable that the user set
 */
export function chooseListeners(
  present: Variables,
  settings: ListenSettings,
  flags: { readonly http: Moved | undefined; readonly socks5: Moved | undefined },
): Listening {
  const byVariable = (theirs: string, ours: string): Moved | undefined => {
    const value = present[ours] === undefined ? present[theirs] : undefined;
    return value === undefined ? undefined : moveListener(value, theirs);
  };
  const http = flags.http ?? byVariable('TS_OUTBOUND_HTTP_PROXY_LISTEN', 'SPACETAIL_HTTP_LISTEN');
  const socks5 = flags.socks5 ?? byVariable('TS_SOCKS5_SERVER', 'SPACETAIL_SOCKS5_LISTEN');
  const chosenSocks5 = settings.socks5 === 'off' ? undefined : settings.socks5;
  const chosen = {
    http: http?.listen ?? settings.http,
    socks5: socks5?.listen ?? chosenSocks5,
  };
  if (settings.token === undefined) {
    refuseOutside(chosen.http, http?.by ?? 'SPACETAIL_HTTP_LISTEN');
    refuseOutside(chosen.socks5, socks5?.by ?? 'SPACETAIL_SOCKS5_LISTEN');
  }
  const moved = [http, socks5].filter((each) => each !== undefined);
  return {
    ...chosen,
    notices: moved.map(
      ({ by, listen: { host, port } }) =>
        `${by} is tailscaled's own proxy; spacetail's listens on ${host}:${port} instead`,
    ),
  };
}

function refuseOutside(listen: ListenAddress | undefined, by: string): void {
  if (listen === undefined || listen.host.startsWith('127.') || listen.host === '::1') return;
  throw invalid([
    `${by}: ${listen.host}:${listen.port} is outside loopback; accepted only with SPACETAIL_PROXY_TOKEN set`,
  ]);
}
