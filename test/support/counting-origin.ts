/** Origins that count for themselves what reached them, to hold the bridge's own numbers against. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

export interface Counted {
  readonly requests: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface CountingOrigin {
  /** Of 127.0.0.1, which every node of the test tailnet leads to. */
  readonly port: number;
  /** Complete once no connection is open any more. */
  counted(): Counted;
  readonly openConnections: () => number;
}

interface Test {
  teardown(action: () => unknown): unknown;
}

/** `/bytes/N` answers N bytes; a body that is sent is read to its end. */
const answer: RequestListener = (request, response) => {
  const bytes = bytesOf(request.url);
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-length': bytes });
    response.end(Buffer.alloc(bytes, 'x'));
  });
};

function bytesOf(path = ''): number {
  return Number(/^\/bytes\/(\d+)$/.exec(path)?.[1] ?? 2);
}

/** Counts requests and the bytes of their bodies, as a forwarding proxy does. */
export async function countingHttpOrigin(t: Test): Promise<CountingOrigin> {
  const counted = { requests: 0, bytesUp: 0, bytesDown: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    counted.requests += 1;
    request.on('data', (chunk: Buffer) => (counted.bytesUp += chunk.length));
    response.on('finish', () => (counted.bytesDown += bytesOf(request.url)));
    answer(request, response);
  });
  server.on('connection', (socket: Socket) => track(sockets, socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => close(server, sockets));
  const { port } = server.address() as AddressInfo;
  return { port, counted: () => ({ ...counted }), openConnections: () => sockets.size };
}

/** Counts connections and every byte on them, as a tunnel does; speaks HTTP, over TLS with a certificate. */
export async function countingTunnelOrigin(
  t: Test,
  tls?: { readonly certFile: string; readonly keyFile: string },
): Promise<CountingOrigin> {
  const counted = { requests: 0, bytesUp: 0, bytesDown: 0 };
  const sockets = new Set<Socket>();
  const http = createServer(answer);
  const secureContext =
    tls &&
    createSecureContext({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) });
  const server = createTcpServer({ allowHalfOpen: secureContext !== undefined }, (socket) => {
    counted.requests += 1;
    track(sockets, socket);
    socket.on('close', () => {
      counted.bytesUp += socket.bytesRead;
      counted.bytesDown += socket.bytesWritten;
    });
    if (secureContext === undefined) http.emit('connection', socket);
    else answerSecurely(new TLSSocket(socket, { isServer: true, secureContext }), socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => close(server, sockets));
  const { port } = server.address() as AddressInfo;
  return { port, counted: () => ({ ...counted }), openConnections: () => sockets.size };
}

/** Lets the client close first and says nothing after it: a late close_notify would reach nobody. */
function answerSecurely(secure: TLSSocket, socket: Socket): void {
  let head = '';
  secure.on('error', () => socket.destroy()).on('end', () => socket.destroy());
  secure.setEncoding('latin1').on('data', (text: string) => {
    head += text;
    if (!head.endsWith('\r\n\r\n')) return;
    const bytes = bytesOf(head.split(' ')[1]);
    secure.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`);
    secure.write('x'.repeat(bytes));
  });
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
}

function close(server: { close(): unknown }, sockets: Set<Socket>): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}
