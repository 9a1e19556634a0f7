/** The bridge: two listeners, one hall. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { messageOf, SpacetailError } from '../errors.ts';
import { defaultConnectionLimit, limitConnections } from './connection-limit.ts';
import { failure } from './failure.ts';
import { Hall } from './hall.ts';
import type { Counters } from './hall.ts';
import type { Trace } from './exchange-options.ts';
import { httpServer } from './http-server.ts';
import { inboundGuard } from './inbound-guard.ts';
import { originPool } from './origin-pool.ts';
import { ownListeners } from './own-listeners.ts';
import type { Policy } from './policy.ts';
import { proxyToken } from './proxy-token.ts';
import { answerRaw, endAndLinger } from './raw-answer.ts';
import type { ClientProcess, RequestRecord } from './request-record.ts';
import { handleSocks } from './socks-server.ts';
import { formatMethod, METHOD_UNACCEPTABLE } from './socks-request.ts';
import type { Resolve, Tailnet } from './tailnet.ts';
import type { UpstreamProxy } from './upstream-proxy.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface BridgeOptions {
  readonly http: ListenAddress;
  /** `undefined`: no SOCKS5 listener. */
  readonly socks: ListenAddress | undefined;
  readonly tailnet: Tailnet;
  readonly resolve: Resolve;
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
  /**
   * Accepts nobody any more, lets requests end by themselves until the signal aborts, then cuts the rest.
   * Every request has been recorded when it resolves, with how many were cut.
   */
  drain(deadline: AbortSignal): Promise<number>;
}

const SECOND_MS = 1000;

export function createBridge(options: BridgeOptions): Bridge {
  const own = ownListeners();
  const pool = originPool();
  const hall = new Hall({
    tailnet: options.tailnet,
    resolve: options.resolve,
    policy: options.policy,
    attachedNetworks: options.attachedNetworks,
    isDirect: options.isDirect ?? (() => false),
    own,
    hasUpstreamProxy: options.upstreamProxy !== undefined,
    upstreamProxy: options.upstreamProxy,
    connectTimeoutMs: options.connectTimeoutMs ?? 15 * SECOND_MS,
    resolveTimeoutMs: options.resolveTimeoutMs ?? 6 * SECOND_MS,
    readyTimeoutMs: options.readyTimeoutMs ?? 60 * SECOND_MS,
    clientOf: options.clientOf,
    record: options.record,
    trace: options.trace,
    guard: inboundGuard(options.guardInbound ?? false, options.tailnet),
  });
  const handshakeTimeoutMs = options.headerTimeoutMs ?? 30 * SECOND_MS;
  const context = {
    hall,
    pool,
    handshakeTimeoutMs,
    token: proxyToken(options.proxyToken),
    holdClientFin: options.holdClientFin ?? (() => true),
    stallTimeoutMs: options.stallTimeoutMs ?? 300 * SECOND_MS,
  };
  const http = httpServer(context, {
    maxHeaderBytes: options.maxHeaderBytes ?? 64 * 1024,
    headerTimeoutMs: handshakeTimeoutMs,
    pages: options.pages,
  });
  const socks =
    options.socks &&
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      void handleSocks(socket, context);
    });
  const servers = socks === undefined ? [http] : [http, socks];
  const limit = options.maxConnections ?? defaultConnectionLimit();
  const { open } = limitConnections(servers, limit, (socket, server) => {
    const failed = failure(
      'too_many_connections',
      `more than ${limit} connections`,
      'Close idle ones, or raise the limit of open files.',
    );
    hall.refuse({ proto: server === http ? 'http' : 'socks5', method: '', socket }, failed);
    if (server === http) answerRaw(socket, failed);
    else endAndLinger(socket, formatMethod(METHOD_UNACCEPTABLE));
  });
  return {
    async listen() {
      try {
        await bind(http, options.http, 'SPACETAIL_HTTP_LISTEN');
        if (socks && options.socks) await bind(socks, options.socks, 'SPACETAIL_SOCKS5_LISTEN');
      } catch (error) {
        for (const server of servers) server.close();
        throw error;
      }
      own.setPorts(servers.flatMap((server) => addressOf(server)?.port ?? []));
    },
    addresses: () => ({ http: addressOf(http), socks: socks && addressOf(socks) }),
    counters: () => hall.counters,
    async drain(deadline) {
      const closed = Promise.all(servers.map(async (server) => closeServer(server)));
      http.closeIdleConnections();
      const cut = await hall.drain(deadline);
      pool.close();
      for (const socket of open()) socket.destroySoon();
      http.closeAllConnections();
      for (const socket of open()) socket.destroy();
      await closed;
      return cut;
    },
  };
}

async function bind(
  server: Server,
  { host, port }: ListenAddress,
  variable: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, backlog: 4096 }, resolve);
  try {
    await promise;
  } catch (error) {
    const isBusy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const why = isBusy ? 'another process listens there' : messageOf(error);
    throw new SpacetailError('listen_failed', `cannot listen on ${host}:${port}: ${why}`, {
      hint: `Stop what holds port ${port}, or set ${variable} to another address.`,
      cause: error,
    });
  } finally {
    server.off('error', reject);
  }
}

function addressOf(server: Server): ListenAddress | undefined {
  const address = server.address() as AddressInfo | null;
  return address === null ? undefined : { host: address.address, port: address.port };
}

async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => {
    resolve();
  });
  await promise;
}
