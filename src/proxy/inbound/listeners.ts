/** The listeners: HTTP and SOCKS5, each on its address, or both on one, where the first byte tells which is spoken. */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { keepAlive } from '../dial/connection.ts';
import { SocketReader } from '../http/socket-reader.ts';
import { addressOf, bind } from './listen.ts';
import type { ListenAddress } from './listen.ts';

type Handle = (reader: SocketReader) => Promise<void>;

export interface ListenerOptions {
  readonly http: ListenAddress;
  /** `undefined`: no SOCKS5. */
  readonly socks: ListenAddress | undefined;
  readonly handleHttp: Handle;
  readonly handleSocks: Handle;
  /** How long a client of a shared address may say nothing; then it has HTTP's own limits. */
  readonly firstByteTimeoutMs: number;
  /** A handler threw, which is a fault of ours: the connection has been closed. */
  readonly onFault: (error: unknown, socket: Socket) => void;
}

export interface Listeners {
  readonly servers: readonly Server[];
  /** Whether connections of this server may speak HTTP. */
  speaksHttp(server: Server): boolean;
  /**
   * Binds all, or none.
   *
   * @throws SpacetailError `listen_failed`, naming the address
   */
  listen(): Promise<void>;
  addresses(): { http: ListenAddress | undefined; socks: ListenAddress | undefined };
}

const SOCKS_VERSION = 5;
const BUFFER_BYTES = 64 * 1024;

export function createListeners(options: ListenerOptions): Listeners {
  const { http: httpAddress, socks: socksAddress, handleHttp, handleSocks, onFault } = options;
  const serverFor = (handle: Handle): Server =>
    createServer(
      { allowHalfOpen: true, noDelay: true, highWaterMark: BUFFER_BYTES, ...keepAlive },
      (socket) => {
        socket.on('error', () => {});
        handle(new SocketReader(socket)).catch((error: unknown) => {
          socket.destroy();
          onFault(error, socket);
        });
      },
    );
  const isShared = socksAddress !== undefined && isSame(httpAddress, socksAddress);
  const http = serverFor(isShared ? byFirstByte(options) : handleHttp);
  const socks = isShared || socksAddress === undefined ? undefined : serverFor(handleSocks);
  const servers = socks === undefined ? [http] : [http, socks];
  return {
    servers,
    speaksHttp: (server) => server === http,
    async listen() {
      try {
        await bind(http, httpAddress, 'SPACETAIL_HTTP_LISTEN');
        if (socks && socksAddress) await bind(socks, socksAddress, 'SPACETAIL_SOCKS5_LISTEN');
      } catch (error) {
        for (const server of servers) server.close();
        throw error;
      }
    },
    addresses: () => ({
      http: addressOf(http),
      socks: isShared ? addressOf(http) : socks && addressOf(socks),
    }),
  };
}

/** Of port 0 each gets its own. */
function isSame(one: ListenAddress, other: ListenAddress): boolean {
  return one.host === other.host && one.port === other.port && one.port !== 0;
}

/** No method begins with the version of SOCKS5. */
function byFirstByte({ handleHttp, handleSocks, firstByteTimeoutMs }: ListenerOptions): Handle {
  return async (reader) => {
    const timer = setTimeout(() => reader.interrupt(), firstByteTimeoutMs);
    const piece = await reader.next();
    clearTimeout(timer);
    if (piece !== undefined) reader.putBack(piece);
    return piece?.[0] === SOCKS_VERSION ? handleSocks(reader) : handleHttp(reader);
  };
}
