import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { environmentOf } from '../../src/api/environment.ts';
import { loadConfig, loadCredentials } from '../../src/config.ts';
import { up } from '../../src/index.ts';

void t.test('options win over the environment, which wins over free ports', async (t) => {
  const env = { TS_HOSTNAME: 'theirs', SPACETAIL_HTTP_LISTEN: '127.0.0.1:3128', TS_OAUTH_TAGS: '' };
  const config = loadConfig(
    environmentOf({
      env,
      hostname: 'ours',
      tags: ['tag:a', 'tag:b'],
      allow: ['web:443', 'tag:db'],
      timeoutMs: 1500,
      connectTimeoutMs: 250,
    }),
  );
  t.match(config, {
    http: { host: '127.0.0.1', port: 3128 },
    socks5: { port: 0 },
    owner: { kind: 'pid', pid: process.pid },
    upTimeoutMs: 1500,
    connectTimeoutMs: 250,
    tailnet: { hostname: 'ours', tags: ['tag:a', 'tag:b'] },
  });
  t.equal(config.policy.allow.length, 2);
});

void t.test('a credential that is given is the only one that is looked at', async (t) => {
  const env = { TS_OAUTH_CLIENT_ID: 'kTheirs', TS_OAUTH_CLIENT_SECRET: 'x', TS_AUTHKEY: 'y' };
  const chosen = (options: Parameters<typeof environmentOf>[0]) => {
    const all = environmentOf({ env, ...options });
    return loadCredentials(all, loadConfig(all));
  };
  t.match(chosen({}), { kind: 'oauth', clientId: 'kTheirs' });
  t.match(chosen({ authKey: 'ours' }), { kind: 'auth-key', authKey: 'ours' });
  t.match(chosen({ oauth: { clientId: 'kOurs', clientSecret: 'z' } }), {
    kind: 'oauth',
    clientId: 'kOurs',
    clientSecret: 'z',
  });
  t.match(chosen({ workloadIdentity: { clientId: 'kId', idToken: 'a.b.c', audience: 'aud' } }), {
    kind: 'id-token',
    clientId: 'kId',
    idToken: 'a.b.c',
  });
  await t.rejects(up({ authKey: 'a', oauth: { clientId: 'b', clientSecret: 'c' } }), {
    name: 'SpacetailError',
    code: 'config_invalid',
  });
});

void t.test('each word of extraArgs stays the word that it is', async (t) => {
  const word = fc.string({ unit: 'binary' }).filter((text) => !/\p{Cc}/u.test(text));
  fc.assert(
    fc.property(fc.array(word.map((text) => `--x=${text}`)), (extraArgs) => {
      assert.deepEqual(loadConfig(environmentOf({ env: {}, extraArgs })).tailnet.upArgs, extraArgs);
      return true;
    }),
  );
  t.pass('100 runs');
});

void t.test('without a credential up says so before it starts anything', async (t) => {
  await t.rejects(up({ env: {} }), {
    code: 'credentials_missing',
    exitCode: 2,
    hint: /TS_AUTHKEY/,
  });
});
