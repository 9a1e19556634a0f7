/** The bridge: its listeners, and what all requests share. */
import type { Bridge, BridgeOptions } from './bridge-options.ts';
import { defaultConnectionLimit, limitConnections } from './inbound/connection-limit.ts';
import { createPreconnectPool } from './dial/preconnect/acquire.ts';
import { MOST_PRECONNECTED } from './dial/preconnect/pool.ts';
import { MAX_SECTION_BYTES } from '../http1/head.ts';
import { messageOf } from '../errors.ts';
import { failure } from './core/failure.ts';
import { Exchanges } from './request/exchanges.ts';
import { handleHttp } from './inbound/http-connection.ts';
import { inboundGuard } from './inbound/inbound-guard.ts';
import { inspectWith } from './request/inspect.ts';
import { closeServer } from './inbound/listen.ts';
import { createListeners } from './inbound/listeners.ts';
import { originPool } from './forward/origin-pool.ts';
import { ownListeners } from './inbound/own-listeners.ts';
import type { OwnListeners } from './inbound/own-listeners.ts';
import { chooseRoute } from './decide/route.ts';
import { pageServer } from './inbound/page-server.ts';
import { proxyToken } from './inbound/proxy-token.ts';
import { answerAndClose, endAndLinger } from './http/answer-failure.ts';
import { handleSocks } from './inbound/socks5.ts';
import { formatMethod, METHOD_UNACCEPTABLE } from './core/socks5.ts';

export type { Bridge, BridgeOptions } from './bridge-options.ts';

const SECOND_MS = 1000;
/** Longer than the 90 s of Go's client, so that an idle connection is closed by who knows whether it is needed. */
const IDLE_TIMEOUT_MS = 120 * SECOND_MS;
/** How long a draining bridge waits for the next request of a client whose last one has ended. */
const DRAIN_GRACE_MS = 300;

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
  const exchanges = new Exchanges({
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
  const headTimeoutMs = options.headerTimeoutMs ?? 30 * SECOND_MS;
  const maxHeadBytes = options.maxHeaderBytes ?? MAX_SECTION_BYTES;
  const pages = pageServer(options.pages, maxHeadBytes);
  const context = {
    exchanges,
    pool,
    pages,
    headTimeoutMs,
    limits: { maxHeadBytes, headTimeoutMs, idleTimeoutMs: IDLE_TIMEOUT_MS },
    token: proxyToken(options.proxyToken),
    holdClientFin: options.holdClientFin ?? (() => true),
    stallTimeoutMs: options.stallTimeoutMs ?? 300 * SECOND_MS,
    caFile: options.caFile,
  };
  const listeners = createListeners({
    http: options.http,
    socks: options.socks,
    handleHttp: async (reader) => handleHttp(reader, context),
    handleSocks: async (reader) => handleSocks(reader, context),
    firstByteTimeoutMs: headTimeoutMs,
    onFault(error, socket) {
      const failed = failure(
        'internal',
        `a fault of the bridge: ${messageOf(error)}`,
        'Report it.',
      );
      exchanges.refuse({ proto: 'http', method: '', socket }, failed);
    },
  });
  const { servers } = listeners;
  const limit =
    options.maxConnections ?? defaultConnectionLimit(undefined, spares && MOST_PRECONNECTED);
  const { open } = limitConnections(servers, limit, (socket, server, mayAnswer) => {
    const failed = failure(
      'too_many_connections',
      `more than ${limit} connections`,
      'Close idle ones, or raise the limit of open files.',
    );
    const isHttp = listeners.speaksHttp(server);
    exchanges.refuse({ proto: isHttp ? 'http' : 'socks5', method: '', socket }, failed);
    socket.on('error', () => {});
    if (!mayAnswer) socket.destroy();
    else if (isHttp) answerAndClose(socket, failed);
    else endAndLinger(socket, formatMethod(METHOD_UNACCEPTABLE));
  });
  return {
    async listen() {
      await listeners.listen();
      const { http, socks } = listeners.addresses();
      own.setPorts([http, socks].flatMap((address) => address?.port ?? []));
    },
    addresses: () => listeners.addresses(),
    counters: () => exchanges.counters,
    spares: () => spares?.counts,
    netmapChanged: (isWhole) => spares?.netmapChanged(isWhole),
    inspect: inspectWith(exchanges.options),
    async drain(deadline) {
      spares?.close();
      // Still listening: a client that is at work may need another connection to finish, such as an apply that was
      // interrupted and now writes its state.
      const cut = await exchanges.drain(deadline, DRAIN_GRACE_MS);
      const closed = Promise.all(servers.map(async (server) => closeServer(server)));
      pool.close();
      for (const socket of open()) socket.destroySoon();
      pages.close();
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
