import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import type { Teardown } from '../../support/teardown.ts';

/** An HTTP proxy that answers by itself and allows no tunnel, as Squid does for port 80. */
async function strictProxy(t: Teardown, answer: (response: ServerResponse) => void) {
  const asked: { method: string; url: string; authorization: string | undefined }[] = [];
  const proxy = createServer((request, response) => {
    const { method = '', url = '' } = request;
    asked.push({ method, url, authorization: request.headers['proxy-authorization'] });
    answer(response);
  });
  proxy.on('connect', (request, socket) => {
    asked.push({ method: 'CONNECT', url: request.url ?? '', authorization: undefined });
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { asked, port: (proxy.address() as AddressInfo).port };
}

const names: Record<string, [string]> = {
  'a.example': ['203.0.113.1'],
  'b.example': ['203.0.113.1'],
};
const login = { user: 'x', password: 'y' };
const by = (port: number) => ({ scheme: 'http', host: '127.0.0.1', port }) as const;

void t.test(
  'a plain request went to the upstream proxy by CONNECT, which is denied for port 80',
  async (t) => {
    const proxy = await strictProxy(t, (response) => response.end('by the proxy'));
    const upstreamProxy = { ...by(proxy.port), login };
    const { httpPort, record } = await startBridge(t, { names, upstreamProxy });
    const ours = 'Proxy-Authorization: Basic b3VyOm93bg==\r\n';
    const client = await rawClient(
      httpPort,
      `GET http://a.example/p?q HTTP/1.1\r\nHost: a.example\r\n${ours}\r\n`,
    );
    await client.until(/200 OK[^]*by the proxy/u);
    t.match(await record(0), { route: 'direct', status: 200, host: 'a.example' });
    client.socket.write('OPTIONS http://b.example:8081 HTTP/1.1\r\nHost: b.example:8081\r\n\r\n');
    await record(1);
    t.strictSame(proxy.asked, [
      { method: 'GET', url: 'http://a.example/p?q', authorization: 'Basic eDp5' },
      { method: 'OPTIONS', url: 'http://b.example:8081', authorization: 'Basic eDp5' },
    ]);
    client.socket.destroy();
  },
);

void t.test("a 407 of the upstream proxy is its own, not one for the client's token", async (t) => {
  const proxy = await strictProxy(t, (response) => {
    response.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="it"' }).end();
  });
  const { httpPort, record } = await startBridge(t, { names, upstreamProxy: by(proxy.port) });
  const client = await rawClient(
    httpPort,
    'GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n',
  );
  const text = await client.until(/SPACETAIL_UPSTREAM_PROXY/u);
  t.match(text, /^HTTP\/1\.1 502 /u);
  t.match(text, /Proxy-Status: spacetail; [^\r]*received-status=407/u);
  t.notMatch(text, /Proxy-Authenticate/iu);
  t.match(await record(), { status: 502 });
  client.socket.destroy();
});

void t.test('an upgrade has a tunnel through the upstream proxy', async (t) => {
  const proxy = await strictProxy(t, (response) => response.end());
  const { httpPort, record } = await startBridge(t, { names, upstreamProxy: by(proxy.port) });
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  const client = await rawClient(
    httpPort,
    `GET http://a.example/ws HTTP/1.1\r\nHost: a.example\r\n${upgrade}\r\n`,
  );
  await client.until(/received-status=403/u);
  t.match(await record(), { status: 502 });
  t.match(proxy.asked, [{ method: 'CONNECT', url: 'a.example:80' }]);
  client.socket.destroy();
});
