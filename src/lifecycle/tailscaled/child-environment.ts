export type Environment = Readonly<Record<string, string | undefined>>;

/** What a child needs to run at all: where programs, certificates and time zones are. */
const plain = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'TZ',
  'LANG',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
  'NOTIFY_SOCKET',
  'GODEBUG',
  'GOMEMLIMIT',
  'GOGC',
  'GOMAXPROCS',
  'GOTRACEBACK',
]);

/** Switches of tailscaled itself (envknob); none of them is a credential. */
const knob = /^TS_(?:DEBUG|DISABLE|ENABLE|FORCE|ALLOW|PERMIT|USE|LOGS?|NO_LOGS)_/;
const secretLike = /KEY|SECRET|TOKEN|PASSWORD/;

/**
 * The environment of the supervisor and of tailscaled: a list of what is allowed in, so that neither a
 * key of the run's nor a proxy variable (which would send tailscaled's traffic to ourselves) gets there.
 */
export function childEnvironment(env: Environment): Record<string, string> {
  const allowed = Object.entries(env).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    if (value === undefined) return false;
    return plain.has(name) || name.startsWith('LC_') || (knob.test(name) && !secretLike.test(name));
  });
  return Object.fromEntries(allowed);
}

export interface Upstream {
  readonly url: string;
  readonly noProxy: readonly string[];
}

/** The proxy variables given to tailscaled on purpose: the container's own way out. */
export function upstreamEnvironment(upstream: Upstream | undefined): Record<string, string> {
  if (upstream === undefined) return {};
  return {
    HTTP_PROXY: upstream.url,
    HTTPS_PROXY: upstream.url,
    ...(upstream.noProxy.length > 0 && { NO_PROXY: upstream.noProxy.join(',') }),
  };
}
