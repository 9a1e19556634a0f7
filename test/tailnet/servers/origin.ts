import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { Certificate } from './certificate.ts';
import { clientNode } from './client-node.ts';
import { listenOn } from './listen.ts';
import { answer } from './origin-routes.ts';

export interface OriginOptions {
  /** `tailnet`, `subnet`, `internet`: it is in every answer. */
  name: string;
  /** Addresses to listen on; the first one decides about the ports. */
  addresses: string[];
  certificate: Certificate;
  gitRoot: string;
}

export interface OriginPorts {
  /** 80 where that is free. */
  http: number;
  /** 443 where that is free. */
  https: number;
  /** TCP, sends back what it gets, FIN for FIN. 7 where that is free. */
  echo: number;
}

export interface Origin extends OriginPorts {
  close(): void;
}

/** An HTTP, an HTTPS and a TCP echo server on the same addresses. */
export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const { certificate, name } = options;
  const sockets = new Set<Socket>();
  const servers: Server[] = [];

  const via = viaOncePerSocket();
  const onRequest: RequestListener = (request, response) => {
    const context = { gitRoot: options.gitRoot, origin: name, via: () => via(request.socket) };
    answer(request, response, context).catch(() => response.destroy());
  };
  const tls = { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) };
  const make: Record<keyof OriginPorts, () => Server> = {
    http: () => createServer({ requestTimeout: 0 }, onRequest).on('upgrade', echoUpgrade),
    https: () =>
      createTlsServer({ ...tls, requestTimeout: 0 }, onRequest).on('upgrade', echoUpgrade),
    echo: () =>
      createTcpServer({ allowHalfOpen: true }, (socket) => {
        socket.on('error', () => socket.destroy());
        socket.pipe(socket);
      }),
  };
  const ports: OriginPorts = { http: 80, https: 443, echo: 7 };
  for (const kind of ['http', 'https', 'echo'] as const) {
    for (const address of options.addresses) {
      const server = make[kind]();
      server.on('connection', (socket: Socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      servers.push(server);
      ports[kind] = await listenOn(server, address, ports[kind]);
    }
  }
  return {
    ...ports,
    close() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Accepts any protocol and sends back every byte: what an upgrade's tunnel carries is its own affair. */
function echoUpgrade(
  request: { headers: { upgrade?: string } },
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  const upgrade = request.headers.upgrade ?? 'echo';
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`,
  );
  socket.write(head);
  socket.pipe(socket);
}

function viaOncePerSocket(): (socket: Socket) => string | undefined {
  const known = new WeakMap<Socket, string | undefined>();
  return (socket) => {
    if (!known.has(socket)) {
      known.set(socket, clientNode(socket.remotePort ?? 0, socket.localPort ?? 0));
    }
    return known.get(socket);
  };
}
