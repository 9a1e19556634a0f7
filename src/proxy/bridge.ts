/** The bridge: two listeners, one hall. */
import { createServer } from 'node:net';
import type { Bridge, BridgeOptions } from './bridge-options.ts';
import { defaultConnectionLimit, limitConnections } from './inbound/connection-limit.ts';
import { keepAlive } from './dial/connection.ts';
import { createPreconnectPool } from './dial/preconnect/acquire.ts';
import { MOST_PRECONNECTED } from './dial/preconnect/pool.ts';
import { failure } from './core/failure.ts';
import { Hall } from './request/exchanges.ts';
import { httpServer } from './inbound/http-server.ts';
import { inboundGuard } from './inbound/inbound-guard.ts';
import { inFlight } from './inbound/in-flight.ts';
import { inspectWith } from './request/inspect.ts';
import { addressOf, bind, closeServer } from './inbound/listen.ts';
import { originPool } from './forward/origin-pool.ts';
import { ownListeners } from './inbound/own-listeners.ts';
import type { OwnListeners } from './inbound/own-listeners.ts';
import { chooseRoute } from './decide/route.ts';
import { proxyToken } from './inbound/proxy-token.ts';
import { answerRaw, endAndLinger } from './http/raw-answer.ts';
import { handleSocks } from './inbound/socks5.ts';
import { formatMethod, METHOD_UNACCEPTABLE } from './core/socks5.ts';

export type { Bridge, BridgeOptions } from './bridge-options.ts';

const SECOND_MS = 1000;
/** How long a draining bridge waits for the next request of a client whose last one has ended. */
const drainLullMs = 300;

export function createBridge(options: BridgeOptions): Bridge {
  const own = ownListeners();
  const pool = originPool();
  const dialContext = {
    tailnet: options.tailnet,
    resolver: options.resolver,
    upstreamProxy: options.upstreamProxy,
    hostRoute: hostRouteOf(options, own),
    connectTimeoutMs: options.connectTimeoutMs ?? 15 * SECOND_MS,
  };
  const spares = options.preconnect && createPreconnectPool(options.preconnect, dialContext);
  const hall = new Hall({
    ...dialContext,
    spares,
    policy: options.policy,
    attachedNetworks: options.attachedNetworks,
    isDirect: options.isDirect ?? (() => false),
    own,
    // One of socks5:// is asked for addresses alone.
    hasUpstreamProxy: (options.upstreamProxy?.scheme ?? 'socks5') !== 'socks5',
    resolveTimeoutMs: options.resolveTimeoutMs ?? 6 * SECOND_MS,
    readyTimeoutMs: options.readyTimeoutMs ?? 60 * SECOND_MS,
    clientOf: options.clientOf,
    record: options.record,
    trace: options.trace,
    guard: inboundGuard({
      isOn: options.guardInbound ?? false,
      tailnet: options.tailnet,
      clientOf: options.clientOf,
    }),
  });
  const handshakeTimeoutMs = options.headerTimeoutMs ?? 30 * SECOND_MS;
  const context = {
    hall,
    pool,
    inFlight: inFlight(),
    handshakeTimeoutMs,
    token: proxyToken(options.proxyToken),
    holdClientFin: options.holdClientFin ?? (() => true),
    stallTimeoutMs: options.stallTimeoutMs ?? 300 * SECOND_MS,
  };
  const { server: http, closeIdle } = httpServer(context, {
    maxHeaderBytes: options.maxHeaderBytes ?? 64 * 1024,
    headerTimeoutMs: handshakeTimeoutMs,
    pages: options.pages,
  });
  const socks =
    options.socks &&
    createServer({ allowHalfOpen: true, noDelay: true, ...keepAlive }, (socket) => {
      void handleSocks(socket, context);
    });
  const servers = socks === undefined ? [http] : [http, socks];
  const limit =
    options.maxConnections ?? defaultConnectionLimit(undefined, spares && MOST_PRECONNECTED);
  const { open } = limitConnections(servers, limit, (socket, server, mayAnswer) => {
    const failed = failure(
      'too_many_connections',
      `more than ${limit} connections`,
      'Close idle ones, or raise the limit of open files.',
    );
    hall.refuse({ proto: server === http ? 'http' : 'socks5', method: '', socket }, failed);
    socket.on('error', () => {});
    if (!mayAnswer) socket.destroy();
    else if (server === http) answerRaw(socket, failed);
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
    spares: () => spares?.counts,
    netmapChanged: (isWhole) => spares?.netmapChanged(isWhole),
    inspect: inspectWith(hall.options),
    async drain(deadline) {
      spares?.close();
      // Still listening: a client that is at work may need another connection to finish, such as an apply that was
      // interrupted and now writes its state.
      const cut = await hall.drain(deadline, drainLullMs);
      const closed = Promise.all(servers.map(async (server) => closeServer(server)));
      closeIdle();
      pool.close();
      for (const socket of open()) socket.destroySoon();
      http.closeAllConnections();
      for (const socket of open()) socket.destroy();
      await closed;
      return cut;
    },
  };
}

/** An address leaves by the host network unless the tailnet has it, exit node or not; our own listeners are a loop. */
function hostRouteOf(
  { tailnet, attachedNetworks, isDirect = () => false }: BridgeOptions,
  own: OwnListeners,
): (ip: string, port: number) => 'direct' | 'tailnet' | 'loop' {
  return (ip, port) => {
    const owner = tailnet.ownerOf(ip);
    if (own.isLoop(ip, port, owner)) return 'loop';
    const { via } = chooseRoute({
      ip,
      owner,
      exitNode: undefined,
      attached: attachedNetworks(),
      isDirectAddress: isDirect(ip),
      isDirectHost: true,
    });
    return via === 'direct' ? 'direct' : 'tailnet';
  };
}
