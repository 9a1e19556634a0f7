import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import type { Resolve } from '../../src/dns/types.ts';
import { verifyClaims } from '../../src/proxy/oidc-claims.ts';
import { issuerFetch } from '../../src/serve/issuer-fetch.ts';
import { startIssuer } from '../fakes/issuer-server.ts';

const never = new AbortController().signal;

/** Names of this test; whatever else is asked does not exist. */
const resolve: Resolve = async (host) =>
  host === 'issuer.example' || host === 'proxy.example'
    ? { kind: 'resolved', host, source: 'dns', owned: false, addresses: ['127.0.0.1'] }
    : {
        kind: 'not_found',
        host,
        source: undefined,
        owned: false,
        detail: 'no such name',
        nearest: [],
      };

/** A proxy that forwards absolute-form requests and remembers what it was asked. */
async function startProxy(t: { teardown(action: () => unknown): unknown }) {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const target = request.url ?? '';
    asked.push({ target, authorization: request.headers['proxy-authorization'] });
    const { port, pathname } = new URL(target);
    void fetch(`http://127.0.0.1:${port}${pathname}`).then(async (answer) =>
      response.writeHead(answer.status).end(await answer.text()),
    );
  });
  server.on('connect', (request, client: Socket) => {
    asked.push({
      target: `CONNECT ${request.url}`,
      authorization: request.headers['proxy-authorization'],
    });
    const origin = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1');
    origin.on('error', () => client.destroy());
    client.on('error', () => origin.destroy());
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    client.pipe(origin).pipe(client);
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { asked, port: (server.address() as AddressInfo).port };
}

void t.test('without an upstream proxy the issuer is asked itself', async (t) => {
  const issuer = await startIssuer(t);
  await using issuers = issuerFetch(undefined, resolve);
  const oidc = { issuer: issuer.url, audience: issuer.audience };
  const token = await issuer.token({ scope: 'write' });
  t.match(await verifyClaims({ token, oidc, signal: never, fetch: issuers.fetch }), {
    kind: 'verified',
    claims: { scope: 'write' },
  });
  t.equal(issuer.asked.length, 2, 'configuration and keys');
});

void t.test('with one it is asked by the proxy, with its credentials', async (t) => {
  const issuer = await startIssuer(t);
  const proxy = await startProxy(t);
  const upstream = { host: 'proxy.example', port: proxy.port, authorization: 'Basic eDp5' };
  await using issuers = issuerFetch(upstream, resolve);
  const oidc = { issuer: issuer.url, audience: issuer.audience };
  const token = await issuer.token({ scope: 'read' });
  t.match(await verifyClaims({ token, oidc, signal: never, fetch: issuers.fetch }), {
    kind: 'verified',
    claims: { scope: 'read' },
  });
  t.equal(proxy.asked.length, 2);
  for (const { target, authorization } of proxy.asked) {
    t.ok(target.includes(new URL(issuer.url).host), target);
    t.equal(authorization, 'Basic eDp5');
  }
});

void t.test('a host that NO_PROXY names is asked without it', async (t) => {
  const issuer = await startIssuer(t);
  const proxy = await startProxy(t);
  const isBypassed = (host: string) => host === '127.0.0.1';
  await using issuers = issuerFetch({ host: '127.0.0.1', port: proxy.port, isBypassed }, resolve);
  const answer = await issuers.fetch(`${issuer.url}/.well-known/openid-configuration`, {
    headers: new Headers(),
    method: 'GET',
    redirect: 'manual',
    signal: never,
  });
  t.equal(answer.status, 200);
  t.same(proxy.asked, []);
});

void t.test("names are the resolver's, and one that does not exist is an error", async (t) => {
  const issuer = await startIssuer(t);
  await using issuers = issuerFetch(undefined, resolve);
  const options = {
    headers: new Headers(),
    method: 'GET',
    redirect: 'manual',
    signal: never,
  } as const;
  const { port } = new URL(issuer.url);
  const path = '/.well-known/openid-configuration';
  t.match(await issuers.fetch(`http://issuer.example:${port}${path}`, options), { status: 200 });
  await t.rejects(issuers.fetch(`http://nosuch.example:${port}${path}`, options), {
    cause: { code: 'ENOTFOUND' },
  });
});
