/**
 * All of the environment, parsed once into one value. Flags have been laid over the environment before
 * (they win); an empty variable counts as unset; every malformed variable is named in one error.
 */
import { chooseCredentials, type Credentials } from './config/credentials.ts';
import { extraCredential } from './config/extra-args.ts';
import { type RuleText, splitRules } from './config/rule-text.ts';
import {
  distinctTailnets,
  type NamedTailnet,
  readTailnets,
  type TailnetConfig,
} from './config/tailnet-config.ts';
import { strangeVariables } from './config/strange-variables.ts';
import { ownNames } from './config/tailnet-variables.ts';
import { inTailnet, readTailnetNames, variablesOf } from './config/tailnets.ts';
import { chooseListeners } from './config/listeners.ts';
import type { ListenAddress } from './config/values.ts';
import { parseVariables, withoutEmpty } from './config/variables.ts';
import { foreignProxy, type UpstreamProxy } from './config/upstream.ts';

export type { Credentials, ListenAddress, NamedTailnet, RuleText, UpstreamProxy };
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
  /** The first of `tailnets`. */
  readonly tailnet: TailnetConfig;
  /** In the order that decides; one without a name where SPACETAIL_TAILNETS is not set. */
  readonly tailnets: readonly [NamedTailnet, ...NamedTailnet[]];
  /** What `up` should tell the user about how the configuration was read. */
  readonly notices: readonly string[];
}

/**
 * @param env the process environment with flags laid over it
 * @throws SpacetailError config_invalid: each malformed variable with its value and what is accepted
 */
export function loadConfig(env: Environment): Config {
  const present = withoutEmpty(env);
  const parsed = parseVariables(present);
  const names = readTailnetNames(present);
  const members = readTailnets(present, names);
  const tailnets = distinctTailnets(members, parsed.SPACETAIL_RUNTIME_DIR);
  const moved = (which: 'httpListen' | 'socks5Listen') =>
    members.find(({ extra }) => extra[which] !== undefined)?.extra[which];
  const { http, socks5, notices } = chooseListeners(
    present,
    {
      http: parsed.SPACETAIL_HTTP_LISTEN,
      socks5: parsed.SPACETAIL_SOCKS5_LISTEN,
      token: parsed.SPACETAIL_PROXY_TOKEN,
    },
    { http: moved('httpListen'), socks5: moved('socks5Listen') },
  );
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
    tailnet: tailnets[0].tailnet,
    tailnets,
    notices: [...notices, ...strangeVariables(present, names)],
  };
}

/** The credential that `get-authkey` uses: the first tailnet's. @throws SpacetailError */
export function loadCredentials(env: Environment, config: Config): Credentials {
  return credentialsOf(env, config, config.tailnets[0]);
}

/** What `up`, `exec` and `serve` join with, in the order of `config.tailnets`. @throws SpacetailError */
export function loadAllCredentials(env: Environment, config: Config): Credentials[] {
  return config.tailnets.map((tailnet) => credentialsOf(env, config, tailnet));
}

export function credentialsOf(
  env: Environment,
  { tailnets }: Config,
  { name, tailnet }: NamedTailnet,
): Credentials {
  const present = withoutEmpty(env);
  const names = readTailnetNames(present);
  const member = names[tailnets.findIndex((one) => one.name === name)] ?? names[0];
  const variables = variablesOf(present, member, names);
  const extra = extraCredential(tailnet.upArgs);
  const chosen = inTailnet(member, { present, all: names }, () =>
    chooseCredentials(variables, { extra }),
  );
  const own = (text: string): string => ownNames(text, member.name, present, names.length > 1);
  return {
    ...chosen,
    ...('source' in chosen && { source: own(chosen.source) }),
    ...('unused' in chosen && { unused: own(chosen.unused) }),
  };
}
