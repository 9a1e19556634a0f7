/** The options of the API's `up`; environment.ts says which variables they stand for. */

/** An OAuth client of the tailnet that may write auth keys. */
export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A federated identity of the tailnet, and the token that it trusts. */
export interface WorkloadIdentity {
  readonly clientId: string;
  /** An OIDC token; when it is not given, that of the Spacelift run. */
  readonly idToken?: string;
  readonly audience?: string;
}

/**
 * What is not given comes from `env`, by the names of the command line, else from its defaults. At most one of
 * `authKey`, `oauth` and `workloadIdentity`; with one of them, credentials in `env` are not looked at.
 */
export interface UpOptions {
  /** An auth key, or `file:PATH` of one. */
  readonly authKey?: string;
  readonly oauth?: OAuthClient;
  readonly workloadIdentity?: WorkloadIdentity;
  /** Tags of the node, e.g. `tag:ci`. */
  readonly tags?: readonly string[];
  /** Name of the node. */
  readonly hostname?: string;
  /** Words added to `tailscale up`, e.g. `--login-server=https://headscale.example`. */
  readonly extraArgs?: readonly string[];
  /** Rules of what may be reached; once there is one, everything else is denied. */
  readonly allow?: readonly string[];
  /** Rules of what may not; they win over `allow`. */
  readonly deny?: readonly string[];
  /** Names, suffixes and CIDRs that never belong to a tailnet. */
  readonly direct?: readonly string[];
  /** `enforce` when not given. */
  readonly policyMode?: 'enforce' | 'report' | 'learn';
  /** Path of a policy file, JSON or YAML. */
  readonly policyFile?: string;
  /** `HOST:PORT` of the HTTP listener; `127.0.0.1:0`, a free port, when neither this nor `env` says. */
  readonly httpListen?: string;
  /** `HOST:PORT` of the SOCKS5 listener, or `off`; `127.0.0.1:0` when neither this nor `env` says. */
  readonly socks5Listen?: string;
  /** What clients must send; `proxyUrl`, `socksUrl`, `env` and `dispatcher` have it. */
  readonly proxyToken?: string;
  /**
   * Absolute path of the folder of sockets and logs. When neither this nor `env` says, a new one below /tmp that
   * `down` removes. A run that is up in a given folder is joined, and `down` leaves it up.
   */
  readonly runtimeDir?: string;
  /** Limit for becoming ready, in milliseconds; 60,000 when not given. */
  readonly timeoutMs?: number;
  /** Limit for a connection to a destination, in milliseconds; 15,000 when not given. */
  readonly connectTimeoutMs?: number;
  /** Path of `tailscale`; from PATH when not given. */
  readonly tailscale?: string;
  /** Path of `tailscaled`; from PATH when not given. */
  readonly tailscaled?: string;
  /** The environment that the rest is read from; `process.env` when not given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends the wait for a run that is not ready yet; everything that was started is gone then. */
  readonly signal?: AbortSignal;
  /** Hears what the command line would print, a line at a time; never a secret. */
  readonly onLine?: (line: string) => void;
}
