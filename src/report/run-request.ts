/**
 * What the report needs of a request at its end. The proxy's own record fits; the report knows nothing
 * of the proxy.
 */
export interface RunRequest {
  /** Epoch ms of the request's end. */
  readonly timeMs: number;
  readonly id: string;
  readonly proto: 'http' | 'connect' | 'socks5';
  readonly method: string;
  /** As the client asked, lower case, control characters escaped; '' if unreadable. */
  readonly host: string;
  readonly port: number;
  /** Canonical literal. */
  readonly ip: string | null;
  /** FQDN of the peer that owns the address; of the router where the route is `subnet`. */
  readonly peer: string | null;
  /** Where the run has several. */
  readonly tailnet?: string;
  readonly route: 'tailnet' | 'subnet' | 'exit' | 'direct' | 'deny';
  readonly policy: {
    readonly decision: 'allow' | 'deny' | 'would_deny';
    readonly rule: string | null;
    readonly mode: 'enforce' | 'report' | 'learn';
  };
  readonly client: { readonly exe: string; readonly provider: string | null } | null;
  readonly status: number;
  readonly error: string | null;
  readonly detail: string | null;
  readonly dnsMs: number | null;
  readonly dialMs: number | null;
  readonly totalMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

const refusals = new Set([
  'http_request_denied',
  'destination_ip_prohibited',
  'peer_inbound_denied',
]);

/** How a request ended; each request is exactly one of them. */
export function outcomeOf(request: RunRequest): 'ok' | 'denied' | 'error' {
  if (request.policy.decision === 'deny') return 'denied';
  if (request.error === null) return 'ok';
  return refusals.has(request.error) ? 'denied' : 'error';
}

/**
 * How long the client waited, in ms: a forwarded request whole, a tunnel until it stood (how long it
 * was used afterwards says nothing about speed), a failed one until it was told so.
 */
export function waitedMs(request: RunRequest): number {
  if (request.proto === 'http' || request.error !== null) return request.totalMs;
  return Math.min(request.totalMs, (request.dnsMs ?? 0) + (request.dialMs ?? 0));
}
