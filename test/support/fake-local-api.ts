/** A LocalAPI on a unix socket that answers as a test says, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

export interface FakeLocalApi extends AsyncDisposable {
  readonly socketPath: string;
  /** `METHOD endpoint` of each request, in order. */
  readonly asked: string[];
  /** By endpoint (`status`, `dns-query`, …); without one it is 404, as in an older tailscaled. */
  readonly handlers: Map<string, Handler>;
  /** Answers an endpoint with JSON (or text) from now on. */
  answer(endpoint: string, body: unknown, status?: number): void;
  /** Writes a line to everybody who watches the IPN bus. */
  notify(line: object): void;
  /** Ends every stream of the IPN bus. */
  closeBuses(): void;
  /** How many watch the IPN bus. */
  watchers(): number;
  /** Ends everything at once, as a killed tailscaled does. */
  close(): Promise<void>;
}

/** @param folder where the socket goes */
export async function startFakeLocalApi(folder: string): Promise<FakeLocalApi> {
  const socketPath = join(folder, 'tailscaled.sock');
  const asked: string[] = [];
  const handlers = new Map<string, Handler>();
  const buses = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://local-tailscaled.sock');
    const endpoint = url.pathname.replace('/localapi/v0/', '');
    asked.push(`${request.method} ${endpoint}${url.search}`);
    if (request.headers.host !== 'local-tailscaled.sock') response.writeHead(403).end('bad host');
    else if (handlers.has(endpoint)) handlers.get(endpoint)!(request, response, url);
    else response.writeHead(404).end('404 not found');
  });
  handlers.set('watch-ipn-bus', (_request, response) => {
    response
      .writeHead(200, { 'Content-Type': 'application/json' })
      .write('{"Version":"fake","State":6}\n');
    buses.add(response);
    response.on('close', () => buses.delete(response));
  });
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    upgraded.add(socket);
    const handler = handlers.get('dial');
    if (handler === undefined) socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    else handler(request, { socket } as never, new URL('http://x/dial'));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return {
    socketPath,
    asked,
    handlers,
    answer(endpoint, body, status = 200) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      handlers.set(endpoint, (_request, response) => response.writeHead(status).end(text));
    },
    notify(line) {
      for (const bus of buses) bus.write(`${JSON.stringify(line)}\n`);
    },
    watchers: () => buses.size,
    closeBuses() {
      for (const bus of buses) bus.end();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
