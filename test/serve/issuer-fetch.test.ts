import t from 'tap';
import type { Resolver } from '../../src/tailnet.ts';
import { verifyClaims } from '../../src/proxy/policy/oidc-claims.ts';
import { issuerFetch } from '../../src/serve/issuer-fetch.ts';
import { startIssuer } from '../fakes/issuer-server.ts';
import { recordingProxy } from '../support/recording-proxy.ts';

const never = new AbortController().signal;

/** Names of this test; whatever else is asked does not exist. */
const resolver: Pick<Resolver, 'resolve'> = {
  resolve: async (host) =>
    host === 'issuer.example' || host === 'proxy.example'
      ? { kind: 'resolved', host, source: 'dns', owned: false, addresses: ['127.0.0.1'] }
      : {
          kind: 'not_found',
          host,
          source: undefined,
          owned: false,
          detail: 'no such name',
          nearest: [],
        },
};

void t.test('without an upstream proxy the issuer is asked itself', async (t) => {
  const issuer = await startIssuer(t);
  const issuers = issuerFetch(undefined, resolver);
  t.teardown(() => issuers[Symbol.asyncDispose]());
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
  const proxy = await recordingProxy(t);
  const upstream = {
    scheme: 'http',
    host: 'proxy.example',
    port: proxy.port,
    login: { user: 'x', password: 'y' },
  } as const;
  const issuers = issuerFetch(upstream, resolver);
  t.teardown(() => issuers[Symbol.asyncDispose]());
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
  const proxy = await recordingProxy(t);
  const isBypassed = (host: string) => host === '127.0.0.1';
  const issuers = issuerFetch(
    { scheme: 'http', host: '127.0.0.1', port: proxy.port, isBypassed },
    resolver,
  );
  t.teardown(() => issuers[Symbol.asyncDispose]());
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
  const issuers = issuerFetch(undefined, resolver);
  t.teardown(() => issuers[Symbol.asyncDispose]());
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
