import t from 'tap';
import { loadAllCredentials, loadConfig } from '../../src/config.ts';
import { secretVariables } from '../../src/commands/secret-variables.ts';
import { secretsOf } from '../../src/config/secrets.ts';

const two = {
  SPACETAIL_TAILNETS: 'prod, Partner',
  TS_AUTHKEY_PROD: 'key-of-prod',
  TS_AUTHKEY_PARTNER: 'key-of-partner',
};

void t.test('without a list there is one tailnet without a name', async (t) => {
  const config = loadConfig({ TS_AUTHKEY: 'the-key' });
  t.match(config.tailnets, [{ name: '', isOptional: false }]);
  t.equal(config.tailnets.length, 1);
});

void t.test('a list of one is that one: nothing is shared, a bare key is its own', async (t) => {
  const env = { SPACETAIL_TAILNETS: 'prod', TS_AUTHKEY: 'bare-key', TS_HOSTNAME_PROD: 'ci' };
  const config = loadConfig(env);
  t.match(config.tailnets, [{ name: '', tailnet: { hostname: 'ci' } }]);
  t.match(loadAllCredentials(env, config), [{ authKey: 'bare-key' }]);
  const named = { SPACETAIL_TAILNETS: 'prod', TS_AUTHKEY_PROD: 'own-key' };
  t.match(loadAllCredentials(named, loadConfig(named)), [{ authKey: 'own-key' }]);
});

void t.test('each has its own variables, and the bare ones where it has none', async (t) => {
  const env = {
    ...two,
    TS_HOSTNAME: 'ci',
    TS_HOSTNAME_PARTNER: 'guest',
    TS_EXTRA_ARGS_PARTNER: '--accept-routes=false',
    TS_STATE_DIR: '/var/lib/state',
    SPACETAIL_OPTIONAL_TAILNETS: 'partner',
  };
  const config = loadConfig(env);
  t.match(config.tailnets, [
    { name: 'prod', isOptional: false, tailnet: { hostname: 'ci', upArgs: [] } },
    { name: 'partner', isOptional: true, tailnet: { hostname: 'guest' } },
  ]);
  t.same(config.tailnets[1]?.tailnet.upArgs, ['--accept-routes=false']);
  t.same(
    config.tailnets.map(({ tailnet }) => tailnet.stateDir),
    ['/var/lib/state/prod', '/var/lib/state/partner'],
  );
  t.match(loadAllCredentials(env, config), [
    { authKey: 'key-of-prod' },
    { authKey: 'key-of-partner' },
  ]);
  t.same(secretsOf(config, loadAllCredentials(env, config)), ['key-of-prod', 'key-of-partner']);
});

void t.test('a bare client id is the default beside a secret of its own', async (t) => {
  const env = {
    SPACETAIL_TAILNETS: 'prod,partner',
    TS_OAUTH_CLIENT_ID: 'client',
    TS_OAUTH_CLIENT_SECRET_PROD: 'secret-of-prod',
    TS_AUTHKEY_PARTNER: 'key-of-partner',
  };
  t.match(loadAllCredentials(env, loadConfig(env)), [
    { kind: 'oauth', clientId: 'client', clientSecret: 'secret-of-prod' },
    { kind: 'auth-key', authKey: 'key-of-partner' },
  ]);
});

void t.test('a bare secret is nobody’s, and the variable to set is named', async (t) => {
  for (const [variable, value] of [
    ['TS_AUTHKEY', 'bare-secret'],
    ['TS_AUTH_KEY', 'bare-secret'],
    ['TS_OAUTH_CLIENT_SECRET', 'bare-secret'],
    ['TS_ID_TOKEN', 'bare-secret'],
  ] as const) {
    const { TS_AUTHKEY_PARTNER: _, ...env } = { ...two, [variable]: value };
    t.throws(() => loadAllCredentials(env, loadConfig(env)), {
      code: 'credentials_missing',
      message: /partner needs TS_AUTHKEY_PARTNER/,
    });
  }
  t.throws(() => loadConfig({ ...two, TS_EXTRA_ARGS: '--auth-key=bare-secret' }), {
    code: 'config_invalid',
    message: /TS_EXTRA_ARGS: it holds a secret.*set TS_EXTRA_ARGS_PROD/,
  });
});

void t.test('the half of a client that is missing is named as that tailnet’s own', async (t) => {
  const cases: [env: Record<string, string>, message: RegExp][] = [
    [{ TS_OAUTH_CLIENT_ID_PROD: 'id' }, /^tailnet prod: TS_OAUTH_CLIENT_ID_PROD is set without/],
    [
      { TS_OAUTH_CLIENT_ID: 'id', TS_OAUTH_CLIENT_SECRET: 'bare-secret' },
      /^tailnet prod: TS_OAUTH_CLIENT_ID is set without/,
    ],
  ];
  for (const [more, message] of cases) {
    const env = { SPACETAIL_TAILNETS: 'prod,partner', TS_AUTHKEY_PARTNER: 'k', ...more };
    t.throws(() => loadAllCredentials(env, loadConfig(env)), {
      code: 'credentials_incomplete',
      message,
      hint: /Set TS_OAUTH_CLIENT_SECRET_PROD.*never shared among several/,
    });
  }
  const beside = {
    SPACETAIL_TAILNETS: 'prod,partner',
    TS_OAUTH_CLIENT_ID_PROD: 'id',
    TS_OAUTH_CLIENT_SECRET_PROD: 'secret',
    TS_AUTHKEY_PROD: 'k',
    TS_AUTHKEY_PARTNER: 'k',
  };
  t.match(loadAllCredentials(beside, loadConfig(beside)), [
    { kind: 'oauth', unused: 'TS_AUTHKEY_PROD' },
    { kind: 'auth-key', source: 'TS_AUTHKEY_PARTNER' },
  ]);
});

void t.test('a bad list is refused, and what is accepted is said', async (t) => {
  const cases: [env: Record<string, string>, message: RegExp][] = [
    [{ SPACETAIL_TAILNETS: 'prod,prod' }, /prod is there twice/],
    [{ SPACETAIL_TAILNETS: 'prod,PROD' }, /prod is there twice/],
    [{ SPACETAIL_TAILNETS: 'prod,a-b' }, /"a-b" is not a name; accepted: a letter/],
    [{ SPACETAIL_TAILNETS: '1st' }, /"1st" is not a name/],
    [{ ...two, SPACETAIL_OPTIONAL_TAILNETS: 'other' }, /other is not one of SPACETAIL_TAILNETS/],
    [{ SPACETAIL_OPTIONAL_TAILNETS: 'prod' }, /prod is not one of SPACETAIL_TAILNETS/],
    [{ ...two, TS_SOCKET: '/run/x/t.sock' }, /prod and partner have the socket \/run\/x\/t.sock/],
    [{ ...two, TS_ACCEPT_DNS_PARTNER: 'maybe' }, /tailnet partner: TS_ACCEPT_DNS_PARTNER: "maybe"/],
    [{ ...two, SPACETAIL_RUNTIME_DIR: `/${'r'.repeat(85)}` }, /too long for a unix socket/],
  ];
  for (const [env, message] of cases)
    t.throws(() => loadConfig(env), { code: 'config_invalid', message });
});

void t.test('secrets with a name at their end are scrubbed like the bare ones', async (t) => {
  const names = secretVariables({
    TS_AUTHKEY_PROD: 'x',
    TS_OAUTH_CLIENT_SECRET_PARTNER: 'x',
    TS_ID_TOKEN_PARTNER: 'x',
    TS_EXTRA_ARGS_PARTNER: '--auth-key=x',
    TS_EXTRA_ARGS_PROD: '--accept-routes',
    TS_HOSTNAME_PROD: 'ci',
  });
  for (const name of ['TS_AUTHKEY_PROD', 'TS_OAUTH_CLIENT_SECRET_PARTNER', 'TS_ID_TOKEN_PARTNER'])
    t.ok(names.includes(name), name);
  t.ok(names.includes('TS_EXTRA_ARGS_PARTNER'));
  t.notOk(names.includes('TS_EXTRA_ARGS_PROD'));
  t.notOk(names.includes('TS_HOSTNAME_PROD'));
});
