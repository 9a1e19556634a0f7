/** The environment's variables, their defaults and what each may hold. */
import * as v from 'valibot';
import { SpacetailError } from '../errors.ts';
import * as values from './values.ts';

const variables = v.object({
  SPACETAIL_HTTP_LISTEN: v.optional(values.listenAddress, '127.0.0.1:8080'),
  SPACETAIL_SOCKS5_LISTEN: v.optional(values.listenAddressOrOff, '127.0.0.1:1080'),
  SPACETAIL_PROXY_TOKEN: v.optional(v.string()),
  SPACETAIL_RUNTIME_DIR: v.optional(
    values.absolutePath,
    `/tmp/spacetail-${process.getuid?.() ?? 0}`,
  ),
  SPACETAIL_UP_TIMEOUT: v.optional(values.positiveDuration, '60s'),
  SPACETAIL_WAIT: v.optional(values.bool, '1'),
  SPACETAIL_LOG_LEVEL: v.optional(values.oneOf('trace', 'debug', 'info', 'warn', 'error')),
  SPACETAIL_TAILSCALE: v.optional(v.string(), 'tailscale'),
  SPACETAIL_TAILSCALED: v.optional(v.string(), 'tailscaled'),
  SPACETAIL_TAILNETS: v.optional(v.string()),
  SPACETAIL_OPTIONAL_TAILNETS: v.optional(v.string()),
  SPACETAIL_OWNER_PID: v.optional(values.ownerPid),
  SPACETAIL_OWNER_GRACE: v.optional(values.duration, '30s'),
  SPACETAIL_CONNECT_TIMEOUT: v.optional(values.positiveDuration, '15s'),
  SPACETAIL_DIAL: v.optional(values.oneOf('socks', 'localapi')),
  SPACETAIL_UPSTREAM_PROXY: v.optional(values.upstreamProxy),
  SPACETAIL_DIRECT: v.optional(v.string()),
  SPACETAIL_PRECONNECT: v.optional(v.string()),
  SPACETAIL_ALLOW: v.optional(v.string()),
  SPACETAIL_DENY: v.optional(v.string()),
  SPACETAIL_ALLOW_LOCAL: v.optional(v.string()),
  SPACETAIL_POLICY: v.optional(v.string()),
  SPACETAIL_POLICY_MODE: v.optional(values.oneOf('enforce', 'report', 'learn')),
  SPACETAIL_METADATA: v.optional(values.oneOf('allow', 'deny')),
  SPACETAIL_CLIENT_PROCESS: v.optional(values.bool, '1'),
  TS_OAUTH_TAGS: v.optional(values.tags, 'tag:spacelift'),
  TS_AUDIENCE: v.optional(v.string()),
  TS_HOSTNAME: v.optional(values.hostname),
  TS_EXTRA_ARGS: v.optional(v.string(), ''),
  TS_TAILSCALED_EXTRA_ARGS: v.optional(v.string(), ''),
  TS_ACCEPT_DNS: v.optional(values.bool, 'true'),
  TS_SOCKET: v.optional(values.absolutePath),
  TS_SOCKS5_SERVER: v.optional(v.string()),
  TS_OUTBOUND_HTTP_PROXY_LISTEN: v.optional(v.string()),
  TS_STATE_DIR: v.optional(values.absolutePath),
  TS_API_BASE_URL: v.optional(values.httpUrl, 'https://api.tailscale.com'),
  TRACE: v.optional(v.string()),
});

/** Those that every command reads. */
export const variableNames: readonly string[] = [...Object.keys(variables.entries), 'TS_USERSPACE'];

/** Variables whose value is never quoted, not even in the error that refuses it. */
const secretNames = new Set<string>([
  'SPACETAIL_PROXY_TOKEN',
  'SPACETAIL_UPSTREAM_PROXY',
  'TS_EXTRA_ARGS',
]);

/** The environment with empty variables taken out: an empty one counts as unset. */
export function withoutEmpty(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => !!entry[1]),
  );
}

export function invalid(problems: readonly string[]): SpacetailError {
  return new SpacetailError('config_invalid', problems.join('\n'));
}

/** @throws SpacetailError config_invalid naming every malformed variable at once */
export function parseVariables(env: Record<string, string>): v.InferOutput<typeof variables> {
  const result = v.safeParse(variables, env);
  if (result.success) return result.output;
  throw invalid(
    result.issues.map((issue) => {
      const name = v.getDotPath(issue) ?? 'environment';
      const value = secretNames.has(name) ? 'its value' : JSON.stringify(env[name]);
      return `${name}: ${value} is not accepted; accepted: ${issue.message}`;
    }),
  );
}
