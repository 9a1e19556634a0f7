import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { RequestListener, Server as HttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Teardown } from './teardown.ts';

export interface Origin {
  readonly port: number;
  /** Connections that are open now. */
  readonly open: Set<Socket>;
  /** Connections accepted so far. */
  readonly accepted: { count: number };
}

/** A TCP server on a free port of 127.0.0.1 that handles each connection with `handle`. */
export async function tcpOrigin(t: Teardown, handle: (socket: Socket) => void): Promise<Origin> {
  return start(t, createServer({ allowHalfOpen: true }, handle));
}

/** An HTTP server on a free port of 127.0.0.1. */
export async function httpOrigin(
  t: Teardown,
  listener: RequestListener,
): Promise<Origin & { server: HttpServer }> {
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, listener);
  return { ...(await start(t, server)), server };
}

async function start(t: Teardown, server: Server): Promise<Origin> {
  const open = new Set<Socket>();
  const accepted = { count: 0 };
  server.on('connection', (socket: Socket) => {
    accepted.count += 1;
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, open, accepted };
}
