/**
 * All of the environment, parsed once into one value. Flags have been laid over the environment before
 * (they win); an empty variable counts as unset; every malformed variable is named in one error.
 */
import { hostname } from 'node:os';
import { chooseCredentials, type Credentials } from './config/credentials.ts';
import { type RuleText, splitRules } from './config/rule-text.ts';
import { cleanHostname, type ListenAddress } from './config/values.ts';
import { invalid, parseVariables, withoutEmpty } from './config/variables.ts';
import { adaptExtraArgs } from './config/extra-args.ts';
import { foreignProxy, type UpstreamProxy } from './config/upstream.ts';

export type { Credentials, ListenAddress, RuleText, UpstreamProxy };
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Config {
  readonly http: ListenAddress;
  /** `undefined` when switched off. */
  readonly socks5: ListenAddress | undefined;
  readonly proxyToken: string | undefined;
  readonly runtimeDir: string;
  readonly upTimeoutMs: number;
  readonly wait: boolean;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  readonly trace: boolean;
  /** Paths, or names to look up in PATH. */
  readonly tailscale: string;
  readonly tailscaled: string;
  readonly owner:
    | { readonly kind: 'auto' | 'none' }
    | { readonly kind: 'pid'; readonly pid: number };
  readonly ownerGraceMs: number;
  readonly connectTimeoutMs: number;
  readonly upstreamProxy: UpstreamProxy | undefined;
  readonly direct: readonly RuleText[];
  /** Destinations that are dialled ahead. */
  readonly preconnect: readonly RuleText[];
  readonly policy: {
    /** `undefined`: the policy file's, else enforce. */
    readonly mode: 'enforce' | 'report' | 'learn' | undefined;
    readonly allow: readonly RuleText[];
    readonly deny: readonly RuleText[];
    readonly allowLocal: readonly RuleText[];
    readonly file: string | undefined;
    /** `undefined`: the policy file's, else allow. */
    readonly metadata: 'allow' | 'deny' | undefined;
  };
  /** Look up which process a request came from. */
  readonly clientProcess: boolean;
  readonly tailnet: {
    readonly hostname: string;
    readonly tags: readonly string[];
    readonly audience: string | undefined;
    readonly apiBaseUrl: string;
    readonly acceptDns: boolean;
    readonly socket: string | undefined;
    readonly stateDir: string | undefined;
    /** Words of TS_EXTRA_ARGS; may hold secrets. */
    readonly upArgs: readonly string[];
    /** Words of TS_TAILSCALED_EXTRA_ARGS without those that moved our own listeners. */
    readonly tailscaledArgs: readonly string[];
  };
  /** What `up` should tell the user about how the configuration was read. */
  readonly notices: readonly string[];
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}

function checkListeners(
  http: ListenAddress,
  socks5: ListenAddress | undefined,
  token: string | undefined,
): void {
  for (const [name, listen] of [
    ['SPACETAIL_HTTP_LISTEN', http],
    ['SPACETAIL_SOCKS5_LISTEN', socks5],
  ] as const) {
    if (listen !== undefined && !isLoopback(listen.host) && token === undefined) {
      throw invalid([
        `${name}: ${listen.host}:${listen.port} is outside loopback; accepted only with SPACETAIL_PROXY_TOKEN set`,
      ]);
    }
  }
  if (
    socks5 !== undefined &&
    socks5.port !== 0 &&
    socks5.port === http.port &&
    socks5.host === http.host
  ) {
    throw invalid([
      `SPACETAIL_SOCKS5_LISTEN: ${socks5.host}:${socks5.port} is the HTTP listener's; accepted: another port, or off`,
    ]);
  }
}

/**
 * @param env the process environment with flags laid over it
 * @throws SpacetailError config_invalid: each malformed variable with its value and what is accepted
 */
export function loadConfig(env: Environment): Config {
  const present = withoutEmpty(env);
  const parsed = parseVariables(present);
  const extra = adaptExtraArgs(parsed.TS_EXTRA_ARGS, parsed.TS_TAILSCALED_EXTRA_ARGS);
  const http = extra.httpListen ?? parsed.SPACETAIL_HTTP_LISTEN;
  const socks5 =
    extra.socks5Listen ??
    (parsed.SPACETAIL_SOCKS5_LISTEN === 'off' ? undefined : parsed.SPACETAIL_SOCKS5_LISTEN);
  checkListeners(http, socks5, parsed.SPACETAIL_PROXY_TOKEN);
  return {
    http,
    socks5,
    proxyToken: parsed.SPACETAIL_PROXY_TOKEN,
    runtimeDir: parsed.SPACETAIL_RUNTIME_DIR,
    upTimeoutMs: parsed.SPACETAIL_UP_TIMEOUT,
    wait: parsed.SPACETAIL_WAIT,
    logLevel: parsed.SPACETAIL_LOG_LEVEL ?? (parsed.TRACE === undefined ? 'info' : 'debug'),
    trace: parsed.TRACE !== undefined,
    tailscale: parsed.SPACETAIL_TAILSCALE,
    tailscaled: parsed.SPACETAIL_TAILSCALED,
    owner: parsed.SPACETAIL_OWNER_PID ?? { kind: 'auto' },
    ownerGraceMs: parsed.SPACETAIL_OWNER_GRACE,
    connectTimeoutMs: parsed.SPACETAIL_CONNECT_TIMEOUT,
    upstreamProxy: foreignProxy(present, parsed.SPACETAIL_UPSTREAM_PROXY, [
      http,
      ...(socks5 ? [socks5] : []),
    ]),
    direct: splitRules(parsed.SPACETAIL_DIRECT, 'SPACETAIL_DIRECT'),
    preconnect: splitRules(parsed.SPACETAIL_PRECONNECT, 'SPACETAIL_PRECONNECT'),
    policy: {
      mode: parsed.SPACETAIL_POLICY_MODE,
      allow: splitRules(parsed.SPACETAIL_ALLOW, 'SPACETAIL_ALLOW'),
      deny: splitRules(parsed.SPACETAIL_DENY, 'SPACETAIL_DENY'),
      allowLocal: splitRules(parsed.SPACETAIL_ALLOW_LOCAL, 'SPACETAIL_ALLOW_LOCAL'),
      file: parsed.SPACETAIL_POLICY,
      metadata: parsed.SPACETAIL_METADATA,
    },
    clientProcess: parsed.SPACETAIL_CLIENT_PROCESS,
    tailnet: {
      hostname: parsed.TS_HOSTNAME ?? cleanHostname(`spacelift-${hostname()}`) ?? 'spacelift',
      tags: parsed.TS_OAUTH_TAGS,
      audience: parsed.TS_AUDIENCE,
      apiBaseUrl: parsed.TS_API_BASE_URL,
      acceptDns: parsed.TS_ACCEPT_DNS,
      socket: parsed.TS_SOCKET,
      stateDir: parsed.TS_STATE_DIR,
      upArgs: extra.upArgs,
      tailscaledArgs: extra.tailscaledArgs,
    },
    notices: extra.notices,
  };
}

/** The credential that `up`, `exec`, `serve` and `get-authkey` use. @throws SpacetailError */
export function loadCredentials(env: Environment, config: Config): Credentials {
  return chooseCredentials(withoutEmpty(env), {
    extraArgsHaveKey: config.tailnet.upArgs.some((word) => /^--?auth-?key(=|$)/.test(word)),
  });
}
