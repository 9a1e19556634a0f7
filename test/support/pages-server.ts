import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Overview } from '../../src/proxy/pages/overview.ts';
import { createPages } from '../../src/proxy/pages/pages.ts';
import { proxyToken } from '../../src/proxy/inbound/proxy-token.ts';
import { RequestFeed } from '../../src/proxy/pages/request-feed.ts';
import type { HasTeardown } from './tmp-folder.ts';

const overview: Overview = {
  state: 'running',
  node: { name: 'ci.tail1.ts.net', addresses: ['100.64.0.1', 'fd7a:115c:a1e0::1'] },
  tailscaled: { version: '1.102.5', restarts: 0 },
  suffix: 'tail1.ts.net',
  peers: [
    { name: 'db.tail1.ts.net', addresses: ['100.64.0.7'], tags: ['tag:db'], online: true },
    { name: 'old.tail1.ts.net', addresses: ['100.64.0.8'], tags: [], online: false },
  ],
  policy: { mode: 'enforce', needsClient: true },
  counters: { requests: 3, denied: 1, errors: 1, openTunnels: 0 },
  warnings: [
    'SPACETAIL_ALLOW[0]: tag:bd matches nothing now: no node of the tailnet has this tag.',
  ],
};

/** The bridge's pages on a port of their own, with what `changes` say. */
export async function pagesServer(
  t: HasTeardown,
  changes: { token?: string; isReady?: boolean; overview?: Partial<Overview> } = {},
) {
  const feed = new RequestFeed();
  const server = createServer((request, response) => pages.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const pages = createPages({
    token: proxyToken(changes.token),
    feed,
    metrics: {
      contentType: 'text/plain; version=0.0.4',
      text: async () => 'spacetail_requests_total 3\n',
    },
    listeners: () => ({
      http: { host: '127.0.0.1', port },
      socks5: { host: '127.0.0.1', port: 1080 },
    }),
    overview: () => ({ ...overview, ...changes.overview }),
    health: () => ({ isWell: true, detail: 'ok' }),
    readiness: () => ({ isWell: changes.isReady ?? true, detail: 'waiting for the netmap' }),
  });
  t.teardown(async () => {
    pages.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { feed, pages, port, url: `http://127.0.0.1:${port}` };
}
