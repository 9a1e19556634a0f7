/** http-proxy as the reverse proxy that many services stand behind: keep-alive, WebSocket, bodies that are cut. */
import { Agent } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
// @ts-expect-error -- http-proxy has no types
import httpProxy from 'http-proxy';
import { httpOrigin } from './origins.ts';
import type { Origin } from './origins.ts';
import type { Teardown } from './teardown.ts';

/** @param port - of the service behind it, on 127.0.0.1 */
export async function reverseProxy(t: Teardown, port: number): Promise<Origin> {
  const agent = new Agent({ keepAlive: true });
  const proxy = httpProxy.createProxyServer({ target: { host: '127.0.0.1', port }, agent });
  // It leaves a client waiting where the service has cut its answer, unless told.
  proxy.on('proxyRes', (from: IncomingMessage, _request: IncomingMessage, to: ServerResponse) => {
    from.on('aborted', () => to.destroy());
  });
  proxy.on('error', (_error: Error, _request: IncomingMessage, to: ServerResponse | Duplex) => {
    if ('writeHead' in to && !to.headersSent) to.writeHead(502).end('bad gateway');
    else to.destroy();
  });
  const origin = await httpOrigin(t, (request, response) => proxy.web(request, response));
  origin.server.on('upgrade', (request, socket, head) => {
    // In the place of http-proxy's keep-alive agent, which is for requests alone.
    proxy.ws(request, socket, head, { agent: false });
  });
  t.teardown(() => agent.destroy());
  return origin;
}
