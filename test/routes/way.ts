/** A way from a client through a bridge to the origins of a test, whatever the route. */
import type { RequestRecord } from '../../src/proxy/core/request-record.ts';

export type RouteName = 'direct' | 'tailnet' | 'subnet' | 'upstream proxy' | 'real tailnet';

/** What the table looks at in a line of the access log. */
export type WireRecord = Pick<
  RequestRecord,
  | 'proto'
  | 'method'
  | 'port'
  | 'route'
  | 'status'
  | 'error'
  | 'closeReason'
  | 'bytesUp'
  | 'bytesDown'
>;

export interface WayCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly selfSignedFile: string;
}

export interface Way {
  readonly route: RouteName;
  /** Leads by this route to 127.0.0.1, where the origins listen. */
  readonly host: string;
  /** Of the bridge, on 127.0.0.1. */
  readonly httpPort: number;
  readonly socksPort: number;
  /** For a TLS server at `host`: one that the bridge trusts, and one of the same key that nobody does. */
  readonly certificate: WayCertificate;
  /** The requests of this case that have ended, in the order of their ends. */
  records(): readonly WireRecord[];
  /** The one at this position, once it is there. */
  record(at?: number): Promise<WireRecord>;
  /** Tunnels that are open now. */
  openTunnels(): Promise<number>;
}

/** What the log has to say of each request that was let through. */
export const routeInLog = {
  direct: 'direct',
  tailnet: 'tailnet',
  subnet: 'subnet',
  'upstream proxy': 'direct',
  'real tailnet': 'tailnet',
} as const satisfies Record<RouteName, RequestRecord['route']>;
