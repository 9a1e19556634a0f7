import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import t from 'tap';
import { verifyClaims } from '../../../src/proxy/policy/oidc-claims.ts';

const audience = 'acme.app.spacelift.io';
const subject = 'space:prod-eu:stack:net:run_type:TRACKED:scope:write';
const keys = await generateKeyPair('RS256');
const otherKeys = await generateKeyPair('RS256');

/** An issuer as Spacelift's: discovery and keys. `answers` replace what a path gives. */
async function startIssuer(
  answers: Record<string, { status?: number; location?: string; body?: unknown }> = {},
) {
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const usual = path === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
    const { status = 200, location, body = usual } = answers[path] ?? {};
    if (status === 0) return; // never answers
    response.writeHead(status, location === undefined ? {} : { location });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Claims {
  issuer: string;
  audience?: string;
  subject?: string;
  expires?: string;
}

const sign = (claims: Claims, key = keys.privateKey): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(claims.issuer)
    .setAudience(claims.audience ?? audience)
    .setSubject(claims.subject ?? subject)
    .setExpirationTime(claims.expires ?? '5m')
    .sign(key);

const never = new AbortController().signal;

void t.test('a token of the issuer in the policy is verified and its subject read', async (t) => {
  const { issuer, close } = await startIssuer();
  t.teardown(close);
  const verified = await verifyClaims({
    token: await sign({ issuer }),
    oidc: { issuer, audience },
    signal: never,
  });
  t.strictSame(verified, {
    kind: 'verified',
    claims: { space: 'prod-eu', stack: 'net', runType: 'TRACKED', scope: 'write' },
  });
});

void t.test('a subject of another form has no claims, so it matches no role', async (t) => {
  const { issuer, close } = await startIssuer();
  t.teardown(close);
  const token = await sign({ issuer, subject: 'space:a:stack:b:run_type:T:scope:admin' });
  t.match(await verifyClaims({ token, oidc: { issuer, audience }, signal: never }), {
    kind: 'verified',
    claims: { space: undefined, scope: undefined },
  });
});

void t.test(
  'what cannot be verified is unverified, with the reason and without the token',
  async (t) => {
    const { issuer, close } = await startIssuer();
    t.teardown(close);
    const oidc = { issuer, audience };
    const good = await sign({ issuer });
    const [head = '', , signature = ''] = good.split('.');
    const forged = Buffer.from(
      JSON.stringify({ iss: issuer, aud: audience, sub: subject, exp: 9e9 }),
    ).toString('base64url');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged}.`;
    const tokens: Record<string, [token: string | undefined, detail: RegExp]> = {
      'no token': [undefined, /the run has no OIDC token/],
      garbage: ['x.y.z', /not accepted/],
      'another issuer': [await sign({ issuer: 'https://evil.example' }), /"iss" claim/],
      'another audience': [await sign({ issuer, audience: 'x' }), /"aud" claim/],
      expired: [await sign({ issuer, expires: '-5m' }), /"exp" claim/],
      'signed by somebody else': [
        await sign({ issuer }, otherKeys.privateKey),
        /signature verification failed/,
      ],
      'a changed payload': [`${head}.${forged}.${signature}`, /signature verification failed/],
      'alg none': [none, /not accepted/],
    };
    for (const [title, [token, detail]] of Object.entries(tokens)) {
      const result = await verifyClaims({ token, oidc, signal: never });
      t.match(result, { kind: 'unverified', detail }, title);
      if (token !== undefined && token.length > 10)
        t.notMatch(JSON.stringify(result), token, title);
    }
  },
);

void t.test('an issuer that cannot be asked verifies nobody', async (t) => {
  const discovery = '/.well-known/openid-configuration';
  const broken: Record<string, [Parameters<typeof startIssuer>[0], RegExp]> = {
    'an error': [{ [discovery]: { status: 500 } }, /answered 500/],
    'a redirect to somebody else': [
      { [discovery]: { status: 302, location: 'https://evil.example/' } },
      /answered 302/,
    ],
    'no JSON': [{ [discovery]: { body: '<html>' } }, /cannot be fetched/],
    'keys elsewhere without TLS': [
      { [discovery]: { body: { jwks_uri: 'http://evil.example/keys' } } },
      /no https address/,
    ],
    'no keys': [{ '/keys': { body: { keys: [] } } }, /no applicable key/],
    'broken keys': [{ '/keys': { status: 404 } }, /not accepted|cannot be fetched/],
  };
  for (const [title, [answers, detail]] of Object.entries(broken)) {
    const { issuer, close } = await startIssuer(answers);
    const token = await sign({ issuer });
    t.match(
      await verifyClaims({ token, oidc: { issuer, audience }, signal: never }),
      { kind: 'unverified', detail },
      title,
    );
    close();
  }
});

void t.test('nobody listens at the issuer', async (t) => {
  const { issuer, close } = await startIssuer();
  const token = await sign({ issuer });
  close();
  t.match(await verifyClaims({ token, oidc: { issuer, audience }, signal: never }), {
    kind: 'unverified',
    detail: /ECONNREFUSED/,
  });
});

void t.test('the signal ends the wait for a silent issuer', async (t) => {
  const { issuer, close } = await startIssuer({
    '/.well-known/openid-configuration': { status: 0 },
  });
  t.teardown(close);
  const signal = AbortSignal.timeout(100);
  await t.rejects(
    verifyClaims({ token: await sign({ issuer }), oidc: { issuer, audience }, signal }),
    {
      name: 'TimeoutError',
    },
  );
});
