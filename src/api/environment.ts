/** The variables of the command line that the API's options stand for. */
import { quote } from 'shell-quote';
import { SpacetailError } from '../errors.ts';
import type { UpOptions } from './options.ts';

const credentialVariables = [
  'TS_AUTHKEY',
  'TS_AUTH_KEY',
  'TS_OAUTH_CLIENT_ID',
  'TS_OAUTH_CLIENT_SECRET',
  'TS_CLIENT_ID',
  'TS_CLIENT_SECRET',
  'TS_ID_TOKEN',
  'TS_AUDIENCE',
];

function credentials(options: UpOptions): Record<string, string | undefined> {
  const { authKey, oauth, workloadIdentity } = options;
  const given = [authKey, oauth, workloadIdentity].filter((each) => each !== undefined);
  if (given.length === 0) return {};
  if (given.length > 1) {
    throw new SpacetailError(
      'config_invalid',
      'up: more than one of authKey, oauth and workloadIdentity is given; accepted: one',
    );
  }
  const none = Object.fromEntries(credentialVariables.map((name) => [name, undefined]));
  return {
    ...none,
    ...(authKey !== undefined && { TS_AUTHKEY: authKey }),
    ...(oauth && {
      TS_OAUTH_CLIENT_ID: oauth.clientId,
      TS_OAUTH_CLIENT_SECRET: oauth.clientSecret,
    }),
    ...(workloadIdentity && {
      TS_CLIENT_ID: workloadIdentity.clientId,
      TS_ID_TOKEN: workloadIdentity.idToken,
      TS_AUDIENCE: workloadIdentity.audience,
    }),
  };
}

const milliseconds = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `${value}ms`;

/**
 * @returns the environment that the command line would have been started with
 * @throws {SpacetailError} `config_invalid` for more than one credential
 */
export function environmentOf(options: UpOptions): Record<string, string | undefined> {
  const base = options.env ?? process.env;
  const given: Record<string, string | undefined> = {
    TS_OAUTH_TAGS: options.tags?.join(','),
    TS_HOSTNAME: options.hostname,
    TS_EXTRA_ARGS: options.extraArgs && quote([...options.extraArgs]),
    SPACETAIL_ALLOW: options.allow?.join(' '),
    SPACETAIL_DENY: options.deny?.join(' '),
    SPACETAIL_DIRECT: options.direct?.join(' '),
    SPACETAIL_POLICY_MODE: options.policyMode,
    SPACETAIL_POLICY: options.policyFile,
    SPACETAIL_HTTP_LISTEN: options.httpListen,
    SPACETAIL_SOCKS5_LISTEN: options.socks5Listen,
    SPACETAIL_PROXY_TOKEN: options.proxyToken,
    SPACETAIL_RUNTIME_DIR: options.runtimeDir,
    SPACETAIL_UP_TIMEOUT: milliseconds(options.timeoutMs),
    SPACETAIL_CONNECT_TIMEOUT: milliseconds(options.connectTimeoutMs),
    SPACETAIL_TAILSCALE: options.tailscale,
    SPACETAIL_TAILSCALED: options.tailscaled,
  };
  return {
    // The run ends with this process, should that end without `down`.
    SPACETAIL_OWNER_PID: String(process.pid),
    SPACETAIL_HTTP_LISTEN: '127.0.0.1:0',
    SPACETAIL_SOCKS5_LISTEN: '127.0.0.1:0',
    ...Object.fromEntries(Object.entries(base).filter(([, value]) => value !== '')),
    ...credentials(options),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}
