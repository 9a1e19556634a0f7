import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import * as fc from 'fast-check';
import t from 'tap';
import { SpacetailError } from '../../../src/errors.ts';
import {
  type Credential,
  describeCredential,
  keyDescription,
  type KeyOptions,
  obtainKey,
} from '../../../src/lifecycle/credentials/credentials.ts';
import { dialOutOf } from '../../../src/serve/dial-out.ts';
import { type KeyApi, mintedKey, startKeyApi } from '../../fakes/key-api.ts';
import { createOidcIssuer } from '../../fakes/oidc-issuer.ts';
import { makeCertificate } from '../../tailnet/servers/certificate.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { fakeSocks } from '../../support/fake-socks.ts';
import { freePort } from '../../support/free-port.ts';

const oauth: Credential = {
  kind: 'oauth',
  clientId: 'client',
  clientSecret: 'tskey-client-secret',
};

function optionsFor(api: { readonly url: string }, more: Partial<KeyOptions> = {}): KeyOptions {
  return {
    baseUrl: api.url,
    dialOut: undefined,
    resolveHost: async () => ['127.0.0.1'],
    warn: () => {},
    tags: ['tag:spacelift'],
    audience: undefined,
    description: keyDescription('spacetail stack/net run 01ABC'),
    ...more,
  };
}

async function refusal(work: Promise<unknown>): Promise<SpacetailError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SpacetailError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

function problems(api: KeyApi): string[] {
  return api.seen.flatMap((request) => request.problems);
}

void t.test(
  'an OAuth client mints a one-time, ephemeral, pre-approved, tagged, short-lived key',
  async (t) => {
    const api = await startKeyApi(t, { tags: ['tag:spacelift', 'tag:ci'] });
    const key = await obtainKey(
      oauth,
      optionsFor(api, { tags: ['tag:spacelift', 'tag:ci'] }),
      AbortSignal.timeout(20_000),
    );
    t.equal(key, mintedKey);
    t.strictSame(problems(api), []);
    t.strictSame(
      api.seen.map(({ path }) => path),
      ['/api/v2/oauth/token', '/api/v2/tailnet/-/keys'],
    );
    t.match(api.seen[1]?.fields, { description: 'spacetail stack-net run 01ABC' });
  },
);

void t.test('any description becomes one that the API takes', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120, size: 'max' }), (text) =>
        /^[A-Za-z0-9 -]{1,50}$/.test(keyDescription(text)),
      ),
      { seed: 14, numRuns: 300 },
    ),
  );
  t.end();
});

void t.test('an ID token is exchanged, then a key is minted', async (t) => {
  const issuer = await createOidcIssuer();
  const idToken = await issuer.token();
  const api = await startKeyApi(t, { identity: issuer.identity });
  const credential: Credential = {
    kind: 'id-token',
    clientId: 'client',
    idToken,
    source: 'TS_ID_TOKEN',
  };
  const options = optionsFor(api, { audience: issuer.audience });
  t.equal(await obtainKey(credential, options, AbortSignal.timeout(20_000)), mintedKey);
  t.strictSame(problems(api), []);
  t.equal(api.seen[0]?.path, '/api/v2/oauth/token-exchange');

  const other = await refusal(
    obtainKey({ ...credential, clientId: 'other' }, options, AbortSignal.timeout(20_000)),
  );
  t.equal(other.code, 'oauth_rejected');
  t.match(
    other.message,
    /issuer https:\/\/acme.app.spacelift.io, subject space:root:stack:net:.*, audience acme.*answered 403: Unauthorized/,
  );
  t.match(other.hint, /admin console.*federated identity/);
  t.notMatch(other.message, idToken);
});

void t.test('an ID token that the API refuses is quoted by what the API compares', async (t) => {
  const issuer = await createOidcIssuer();
  const api = await startKeyApi(t, { identity: issuer.identity });
  const cases: [Parameters<typeof issuer.token>[0], RegExp][] = [
    [{ isForged: true }, /issuer https:\/\/acme/],
    [{ audience: 'other' }, /audience other/],
    [{ subject: 'space:root:stack:other:run_type:TRACKED:scope:write' }, /subject .*stack:other/],
    [{ issuer: 'https://evil.app.spacelift.io' }, /issuer https:\/\/evil/],
  ];
  for (const [options, message] of cases) {
    const idToken = await issuer.token(options);
    const error = await refusal(
      obtainKey(
        { kind: 'id-token', clientId: 'client', idToken, source: 'TS_ID_TOKEN' },
        optionsFor(api),
        AbortSignal.timeout(20_000),
      ),
    );
    t.match(error, { code: 'oauth_rejected', message, hint: /federated identity/ });
  }
  t.equal(api.seen.filter(({ path }) => path.endsWith('/keys')).length, 0, 'none got a key');
});

void t.test('an ID token that is sure to be refused is not sent', async (t) => {
  const issuer = await createOidcIssuer();
  const api = await startKeyApi(t);
  const signal = AbortSignal.timeout(20_000);
  const tried = async (idToken: string, audience?: string): Promise<SpacetailError> =>
    refusal(
      obtainKey(
        { kind: 'id-token', clientId: 'client', idToken, source: 'TS_ID_TOKEN' },
        optionsFor(api, { audience }),
        signal,
      ),
    );
  t.match(await tried('not-a-token'), {
    code: 'config_invalid',
    message: /^TS_ID_TOKEN: its value is not a JSON Web Token/,
  });
  t.match(await tried(await issuer.token({ expiresInSeconds: -60 })), {
    code: 'oauth_rejected',
    message: /expired at 2/,
  });
  t.strictSame(api.seen, []);
});

void t.test('a token for another audience than TS_AUDIENCE is sent, with a warning', async (t) => {
  const issuer = await createOidcIssuer();
  const idToken = await issuer.token();
  const warnings: string[] = [];
  const api = await startKeyApi(t, { identity: issuer.identity });
  const options = optionsFor(api, { audience: 'other', warn: (text) => warnings.push(text) });
  const credential: Credential = {
    kind: 'id-token',
    clientId: 'client',
    idToken,
    source: 'TS_ID_TOKEN',
  };
  const key = await obtainKey(credential, options, AbortSignal.timeout(20_000));
  t.equal(key, mintedKey, 'the API has the last word');
  t.match(warnings, [/^TS_ID_TOKEN: the token is for .*, not for TS_AUDIENCE=other$/]);
});

void t.test('429 with Retry-After, 5xx and cut connections are tried again', async (t) => {
  const api = await startKeyApi(t, {
    first: [{ status: 429, retryAfter: '1' }, { status: 503 }, 'cut'],
  });
  const startedMs = performance.now();
  t.equal(await obtainKey(oauth, optionsFor(api), AbortSignal.timeout(20_000)), mintedKey);
  t.ok(performance.now() - startedMs >= 1000, 'it waited as long as it was told');
  t.equal(api.seen.length, 5);
});

void t.test('an API that never answers is given up in time, with the last reason', async (t) => {
  const silent = await startKeyApi(t, { first: ['silent', 'silent'] });
  const cases: [string, RegExp][] = [
    [silent.url, /gave no usable answer in time/],
    [`http://127.0.0.1:${await freePort()}`, /ECONNREFUSED/],
    [
      (await startKeyApi(t, { first: Array.from({ length: 20 }, () => ({ status: 500 })) })).url,
      /it answered 500/,
    ],
    [
      (await startKeyApi(t, { first: [{ status: 429, retryAfter: '3600' }] })).url,
      /it answered 429/,
    ],
  ];
  for (const [url, expected] of cases) {
    const startedMs = performance.now();
    const error = await refusal(obtainKey(oauth, optionsFor({ url }), AbortSignal.timeout(700)));
    t.match(error, { code: 'api_unreachable', message: expected });
    t.ok(performance.now() - startedMs < 10_000);
  }
});

void t.test('a certificate that is not accepted is said at once, not tried again', async (t) => {
  const api = await startKeyApi(t);
  const { certFile, keyFile } = makeCertificate(tmpFolder(t), ['localhost'], ['127.0.0.1']);
  let connections = 0;
  const server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const error = await refusal(obtainKey(oauth, optionsFor({ url }), AbortSignal.timeout(20_000)));
  t.match(error, {
    code: 'api_unreachable',
    message: /^the certificate of https:.* is not accepted: unable to verify/,
    hint: /SSL_CERT_FILE/,
  });
  t.equal(connections, 1);
  t.same(api.seen, []);
});

void t.test('down while the API is asked ends it with the reason of down', async (t) => {
  const api = await startKeyApi(t, { first: ['silent'] });
  const stop = new AbortController();
  api.server.once('request', () => stop.abort(new SpacetailError('up_interrupted', 'down')));
  t.match(await refusal(obtainKey(oauth, optionsFor(api), stop.signal)), {
    code: 'up_interrupted',
  });
});

void t.test('each refusal says what to change in the admin console, and no secret', async (t) => {
  const cases: [Parameters<typeof startKeyApi>[1], Partial<KeyOptions>, string, RegExp, RegExp][] =
    [
      [
        { clientSecret: 'another' },
        {},
        'oauth_rejected',
        /OAuth client was refused; the API answered 401: API token invalid/,
        /still exists/,
      ],
      [{ first: [{ status: 403 }] }, {}, 'oauth_rejected', /answered 403/, /scope auth_keys/],
      [
        { noScope: true },
        {},
        'key_rejected',
        /answered 403: calling actor/,
        /scope auth_keys with write access/,
      ],
      [
        {},
        { tags: ['tag:nope'] },
        'key_rejected',
        /no auth key for tag:nope .*not permitted/,
        /TS_OAUTH_TAGS to all the tags of the client .*or to a tag that one of them owns/,
      ],
      [{ first: [{ status: 404 }] }, {}, 'api_unreachable', /answered 404/, /TS_API_BASE_URL/],
    ];
  for (const [apiOptions, keyOptions, code, message, hint] of cases) {
    const api = await startKeyApi(t, apiOptions);
    const error = await refusal(
      obtainKey(oauth, optionsFor(api, keyOptions), AbortSignal.timeout(20_000)),
    );
    t.match(error, { code, message, hint });
    t.notMatch(`${error.message}${error.hint}`, /tskey-client-secret/);
  }
});

void t.test('a client that is refused does not hide that there is a key, too', async (t) => {
  const api = await startKeyApi(t, { clientSecret: 'another' });
  const beside = { ...oauth, unused: 'TS_AUTH_KEY' };
  const error = await refusal(obtainKey(beside, optionsFor(api), AbortSignal.timeout(20_000)));
  t.match(error, {
    code: 'oauth_rejected',
    message: /answered 401.*the auth key of TS_AUTH_KEY is there too and was not used/,
  });
});

void t.test('an answer that is no JSON is quoted by its first words', async (t) => {
  const answers: [status: number, text: string, message: RegExp][] = [
    [200, '<html><title>Sign in</title>', /answered 200 and no JSON: <html><title>Sign in/],
    [403, '\n<!doctype html><p>Blocked', /answered 403 and no JSON: <!doctype html><p>Blocked/],
    [
      200,
      '{"access_token":"s3cret-half',
      /answered 200 and no JSON: {"access_token":"\[redacted\]"/,
    ],
    [200, '', /answered 200 and no JSON: nothing at all/],
  ];
  for (const [status, text, message] of answers) {
    const server = createServer((_, response) => response.writeHead(status).end(text));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await refusal(obtainKey(oauth, optionsFor({ url }), AbortSignal.timeout(20_000)));
    t.match(error, { code: 'api_unreachable', message });
    t.notMatch(error.message, /s3cret/);
  }
});

void t.test(
  'the calls go by the upstream proxy, except for what NO_PROXY names, and by no proxy variable',
  async (t) => {
    const api = await startKeyApi(t);
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(`${request.headers['proxy-authorization'] ?? ''} ${request.url}`);
      const { 'proxy-authorization': _, ...headers } = request.headers;
      request.pipe(
        forward(request.url ?? '', { method: request.method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        }),
      );
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.teardown(() => proxy.close());
    const address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const upstream = { url: `http://us%40r:p@${address}`, noProxy: [] as string[] };
    t.equal(
      await obtainKey(
        oauth,
        optionsFor(api, { dialOut: dialOutOf(upstream) }),
        AbortSignal.timeout(20_000),
      ),
      mintedKey,
    );
    t.equal(seen.length, 2);
    t.equal(
      seen[0],
      `Basic ${Buffer.from('us@r:p').toString('base64')} ${api.url}/api/v2/oauth/token`,
    );

    const direct = { ...upstream, noProxy: ['127.0.0.1'] };
    t.equal(
      await obtainKey(
        oauth,
        optionsFor(api, { dialOut: dialOutOf(direct) }),
        AbortSignal.timeout(20_000),
      ),
      mintedKey,
    );
    t.equal(seen.length, 2);
    proxy.closeAllConnections();
  },
);

void t.test('a tunnel that the upstream proxy refuses is said as such', async (t) => {
  const asked: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    asked.push(`${request.headers['proxy-authorization']} ${request.url}`);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const upstream = { url: `http://u:p@127.0.0.1:${port}`, noProxy: [] };
  const options = optionsFor({ url: 'https://api.invalid' }, { dialOut: dialOutOf(upstream) });
  const error = await refusal(obtainKey(oauth, options, AbortSignal.timeout(700)));
  t.match(error, {
    code: 'api_unreachable',
    message: /the upstream proxy 127.0.0.1:\d+ answered 403 for api.invalid:443/,
  });
  t.equal(asked[0], 'Basic dTpw api.invalid:443');
});

void t.test(
  'names of the API are resolved by our resolver, and one without an address is unreachable',
  async (t) => {
    const api = await startKeyApi(t);
    const { port } = new URL(api.url);
    const asked: string[] = [];
    const resolveHost = async (host: string): Promise<string[]> => {
      asked.push(host);
      return host === 'api.invalid' ? ['127.0.0.1'] : [];
    };
    const named = optionsFor({ url: `http://api.invalid:${port}` }, { resolveHost });
    t.equal(await obtainKey(oauth, named, AbortSignal.timeout(20_000)), mintedKey);
    const nowhere = optionsFor({ url: `http://nowhere.invalid:${port}` }, { resolveHost });
    const error = await refusal(obtainKey(oauth, nowhere, AbortSignal.timeout(500)));
    t.match(error, { code: 'api_unreachable', message: /no address of nowhere.invalid is known/ });
  },
);

void t.test('what is printed of a credential is its kind and where it is from', (t) => {
  t.equal(describeCredential(oauth), 'OAuth client client');
  t.equal(
    describeCredential({ kind: 'auth-key', authKey: 's3cret', source: 'TS_AUTH_KEY' }),
    'auth key (TS_AUTH_KEY)',
  );
  t.equal(
    describeCredential({ kind: 'extra-args', what: 'OAuth client' }),
    'OAuth client (TS_EXTRA_ARGS)',
  );
  t.equal(
    describeCredential({
      kind: 'id-token',
      clientId: 'c',
      idToken: 's3cret',
      source: 'SPACELIFT_OIDC_TOKEN',
    }),
    'workload identity c (SPACELIFT_OIDC_TOKEN)',
  );
  t.end();
});

void t.test('the API is asked by a SOCKS5 proxy, too', async (t) => {
  const api = await startKeyApi(t);
  const { host, port, asked } = await fakeSocks(t);
  const dialOut = dialOutOf({ url: `socks5h://${host}:${port}`, noProxy: [] });
  const options = optionsFor(api, { dialOut });
  t.equal(await obtainKey(oauth, options, AbortSignal.timeout(20_000)), mintedKey);
  t.equal(asked.length, 2);
});
