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
  'NODE_USE_SYSTEM_CA',
  'NODE_COMPILE_CACHE',
  'NOTIFY_SOCKET',
  'GODEBUG',
  'GOMEMLIMIT',
  'GOGC',
  'GOMAXPROCS',
  'GOTRACEBACK',
]);

/** By which tailscaled knows where it runs (hostinfo); without them it sees no network there. */
const ofPlatforms = new Set([
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_RUNTIME_API',
  'APPSVC_RUN_ZIP',
  'WEBSITE_STACK',
  'WEBSITE_AUTH_AUTO_AAD',
]);

/** Switches of tailscaled itself (envknob); none of them is a credential. */
const knob =
  /^TS_(?:(?:ALLOW|BIND|CONN25|DEBUG|DERP|DISABLE|DISCO|DNS|ENABLE|FAKE|FORCE|LOGS?|NETSTACK|NO_LOGS|PANIC|PERMIT|SSH|TUN|UPDATE|USE|WAKE)_|HOST_ENV$|PORTLIST$)/;
const secretLike = /KEY|SECRET|TOKEN|PASSWORD/;

export function isTailscaledKnob(name: string): boolean {
  return knob.test(name) && !secretLike.test(name);
}

/**
 * The environment of the supervisor and of tailscaled: a list of what is allowed in, so that neither a
 * key of the run's nor a proxy variable (which would send tailscaled's traffic to ourselves) gets there.
 */
export function childEnvironment(env: Environment): Record<string, string> {
  const allowed = Object.entries(env).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    if (value === undefined) return false;
    return (
      [plain, ofPlatforms].some((names) => names.has(name)) ||
      name.startsWith('LC_') ||
      isTailscaledKnob(name)
    );
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
