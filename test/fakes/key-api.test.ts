/** The fake API refuses what Tailscale's refuses, and says so as Tailscale's does. */
import t, { type Test } from 'tap';
import { type KeyApiOptions, startKeyApi } from './key-api.ts';
import { createOidcIssuer, type TokenOptions } from './oidc-issuer.ts';

interface Answer {
  readonly status: number;
  readonly body: { readonly message?: string; readonly access_token?: string; key?: string };
}

async function post(url: string, body: URLSearchParams | object, bearer = ''): Promise<Answer> {
  const isForm = body instanceof URLSearchParams;
  const response = await fetch(url, {
    method: 'POST',
    body: isForm ? body : JSON.stringify(body),
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
    },
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

/** A key for these tags, asked for by the client of the fake. */
async function askForKey(t: Test, tags: string[], options: KeyApiOptions): Promise<Answer> {
  const api = await startKeyApi(t, options);
  const token = await post(
    `${api.url}/api/v2/oauth/token`,
    new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'client',
      client_secret: 'tskey-client-secret',
    }),
  );
  const create = { reusable: false, ephemeral: true, preauthorized: true, tags };
  const key = { capabilities: { devices: { create } }, expirySeconds: 600, description: 'x' };
  return post(`${api.url}/api/v2/tailnet/-/keys`, key, token.body.access_token);
}

const tagOwners = { 'tag:owned': ['tag:a', 'autogroup:admin'], 'tag:foreign': ['autogroup:admin'] };
const permitted: [what: string, client: string[], asked: string[]][] = [
  ['the tag of the client', ['tag:a'], ['tag:a']],
  ['all tags of the client, in any order', ['tag:a', 'tag:b'], ['tag:b', 'tag:a']],
  ['a tag that one of them owns', ['tag:a', 'tag:b'], ['tag:owned']],
];
const refused: [what: string, client: string[], asked: string[]][] = [
  ['a part of the tags of the client', ['tag:a', 'tag:b'], ['tag:a']],
  ['a tag that only people own', ['tag:a'], ['tag:foreign']],
  ['a tag that the policy lacks', ['tag:a'], ['tag:nope']],
  ['an owned tag beside its owner', ['tag:a'], ['tag:a', 'tag:owned']],
];

for (const [what, tags, asked] of permitted) {
  void t.test(`a key may have ${what}`, async (t) => {
    t.match(await askForKey(t, asked, { tags, tagOwners }), {
      status: 200,
      body: { key: /^tskey/ },
    });
  });
}
for (const [what, tags, asked] of refused) {
  void t.test(`a key may not have ${what}`, async (t) => {
    const message = `requested tags [${asked.join(' ')}] are invalid or not permitted`;
    t.strictSame(await askForKey(t, asked, { tags, tagOwners }), {
      status: 400,
      body: { message },
    });
  });
}

const tokens: [what: string, token: TokenOptions, status: number][] = [
  ['of the issuer, for the audience, with a subject that matches', {}, 200],
  ['with another subject that matches', { subject: 'space:root:stack:net:scope:read' }, 200],
  ['signed by another key', { isForged: true }, 403],
  ['of another issuer', { issuer: 'https://other.app.spacelift.io' }, 403],
  ['for another audience', { audience: 'other' }, 403],
  ['of another stack', { subject: 'space:root:stack:other:scope:write' }, 403],
  ['that has expired', { expiresInSeconds: -1 }, 403],
];
for (const [what, options, status] of tokens) {
  void t.test(`an ID token ${what} is answered ${status}`, async (t) => {
    const issuer = await createOidcIssuer();
    const api = await startKeyApi(t, { identity: issuer.identity });
    const jwt = await issuer.token(options);
    const form = new URLSearchParams({ client_id: 'client', jwt });
    const answer = await post(`${api.url}/api/v2/oauth/token-exchange`, form);
    t.match(answer, {
      status,
      body: status === 200 ? { access_token: /^tskey-api/ } : { message: 'Unauthorized' },
    });
  });
}
