import type { NameSource } from '../../tailnet.ts';

export type Protocol = 'http' | 'connect' | 'socks5';
export type RouteKind = 'tailnet' | 'subnet' | 'exit' | 'direct' | 'deny';
export type PolicyMode = 'enforce' | 'report' | 'learn';

export interface ClientProcess {
  readonly pid: number;
  /** Path of the executable. */
  readonly exe: string;
  /** e.g. `terraform-provider-nomad_v2.4.0`, when the executable is a Terraform provider. */
  readonly provider: string | null;
}

/** One request at its end: the line of the access log, what metrics count and the report adds up. */
export interface RequestRecord {
  /** Epoch ms of the line (the request's end). */
  readonly timeMs: number;
  readonly id: string;
  readonly proto: Protocol;
  /** HTTP method, `CONNECT` for tunnels and SOCKS. */
  readonly method: string;
  /** As the client asked, lower case, no trailing dot, control characters escaped; '' if unreadable. */
  readonly host: string;
  readonly port: number;
  readonly nameSource: NameSource | null;
  readonly ip: string | null;
  /** FQDN of the peer that owns the address. */
  readonly peer: string | null;
  /** Where the run has several tailnets: the one it was dialled in. */
  readonly tailnet?: string;
  /** The route it took or would have taken; `deny` only if there was none. */
  readonly route: RouteKind;
  readonly policy: {
    readonly decision: 'allow' | 'deny' | 'would_deny';
    readonly rule: string | null;
    readonly mode: PolicyMode;
  };
  readonly client: ClientProcess | null;
  /** What the client was answered: HTTP status, or the HTTP status that equals the SOCKS reply. */
  readonly status: number;
  /** RFC 9209 error type, or one of ours (`peer_inbound_denied`); null when all went well. */
  readonly error: string | null;
  /** One sentence for people: the body's first line. */
  readonly detail: string | null;
  readonly dnsMs: number | null;
  readonly dialMs: number | null;
  /** Present where the connection was dialled before the request came; `dialMs` is what was left to wait for, mostly 0. */
  readonly preconnect?: true;
  /** How many addresses were dialled, where more than one. */
  readonly tried?: number;
  readonly totalMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly closeReason: string;
}

/** Steps of a request as they happen, for `SPACETAIL_LOG_LEVEL=debug` and `explain --dial`. */
export type Trace = (id: string, step: string, facts: Readonly<Record<string, unknown>>) => void;
