/** What a bridge is made of, and what it can do. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Counters } from './request/exchanges.ts';
import type { Inspect } from './request/inspect.ts';
import type { ListenAddress } from './inbound/listen.ts';
import type { Policy } from './policy/policy.ts';
import type { ClientProcess, RequestRecord, Trace } from './core/request-record.ts';
import type { Resolver, Tailnet } from '../tailnet.ts';
import type { PreconnectOptions } from './dial/preconnect/acquire.ts';
import type { PreconnectCounts } from './dial/preconnect/pool.ts';
import type { UpstreamProxy } from './dial/dial-context.ts';

export interface BridgeOptions {
  readonly http: ListenAddress;
  /** `undefined`: no SOCKS5 listener. */
  readonly socks: ListenAddress | undefined;
  readonly tailnet: Tailnet;
  readonly resolver: Resolver;
  readonly policy: Policy;
  /** The client's process, by its connection; `null` if it cannot be told. */
  readonly clientOf: (socket: Socket) => Promise<ClientProcess | null>;
  /** Called once for each request, at its end. */
  readonly record: (record: RequestRecord) => void;
  /** Origin-form requests on the HTTP listener. */
  readonly pages: (request: IncomingMessage, response: ServerResponse) => void;
  /** Prefixes of the container's interfaces, e.g. `172.17.0.2/16`. */
  readonly attachedNetworks: () => readonly string[];
  /** SPACETAIL_DIRECT; tells of a name or an address. Nothing by default. */
  readonly isDirect?: (hostOrIp: string) => boolean;
  readonly upstreamProxy?: UpstreamProxy | undefined;
  /** SPACETAIL_PRECONNECT; by default nothing is dialled ahead. */
  readonly preconnect?: PreconnectOptions | undefined;
  /** SSL_CERT_FILE: the CAs that `https://` origins are verified by, in the place of the system's. */
  readonly caFile?: string | undefined;
  /** SPACETAIL_PROXY_TOKEN */
  readonly proxyToken?: string | undefined;
  /** SPACETAIL_CONNECT_TIMEOUT, 15 s */
  readonly connectTimeoutMs?: number;
  /** 6 s: a second more than the resolver's own limit. */
  readonly resolveTimeoutMs?: number;
  /** How long a request waits for the tailnet with `--no-wait`; 60 s. */
  readonly readyTimeoutMs?: number;
  /** Whether tailscaled's SOCKS port closes both ways at one EOF; `true` by default. */
  readonly holdClientFin?: () => boolean;
  /** Whether a peer may have dialled in (shields are down). */
  readonly guardInbound?: boolean;
  /** Both listeners together; by default from the limit of open files. */
  readonly maxConnections?: number;
  /** 64 KiB */
  readonly maxHeaderBytes?: number;
  /** For an HTTP head and a SOCKS handshake; 30 s. */
  readonly headerTimeoutMs?: number;
  /** How long a side of a tunnel may leave unread what was sent to it; 5 min. */
  readonly stallTimeoutMs?: number;
  readonly trace?: Trace | undefined;
}

export interface Bridge {
  /**
   * Binds both listeners, or none.
   *
   * @throws SpacetailError `listen_failed`, naming the address
   */
  listen(): Promise<void>;
  /** As bound, e.g. `127.0.0.1:8080`; `undefined` where there is no such listener (yet). */
  addresses(): { http: ListenAddress | undefined; socks: ListenAddress | undefined };
  counters(): Counters;
  /** Connections dialled ahead; `undefined` where there are none by configuration. */
  spares(): PreconnectCounts | undefined;
  /** Closes those that the netmap has overtaken; all of them where `isWhole`. */
  netmapChanged(isWhole: boolean): void;
  /** What would become of a request, by the same steps. */
  readonly inspect: Inspect;
  /**
   * Lets requests end by themselves, and takes new ones as long as one is under way or has just been; at the signal
   * cuts the rest. Then accepts nobody any more.
   * Every request has been recorded when it resolves, with how many were cut.
   */
  drain(deadline: AbortSignal): Promise<number>;
}
