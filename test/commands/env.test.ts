import { writeFileSync } from 'node:fs';
import t from 'tap';
import { run } from '../../src/commands/env.ts';
import { commandIo } from '../support/command-io.ts';
import { inShell, shells } from '../support/shells.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);
/** Prints each variable, or that it is unset. */
const show = names.map((name) => `printf '%s\\n' "${name}=\${${name}-UNSET}"`).join('; ');
const defaults =
  'localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23,metadata.google.internal,metadata.google.internal.,.spacelift.io';

async function envOf(
  options: Parameters<typeof run>[0],
  env: Record<string, string>,
): Promise<string> {
  const world = commandIo(env);
  t.equal(await run(options, world.io), 0);
  return world.stdout();
}

function parsed(shown: string): Record<string, string> {
  return Object.fromEntries(
    shown
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

for (const [title, shell] of Object.entries(shells)) {
  void t.test(`eval "$(spacetail env)" sets both cases in ${title}`, async (t) => {
    const { env } = await standInSupervisor(t, {
      status: { listeners: { http: '127.0.0.1:18080', socks5: '127.0.0.1:11080' } },
    });
    const output = await envOf({}, env);
    const shown = parsed(inShell(shell, `set -eu; eval "$OUTPUT"; ${show}`, { OUTPUT: output }));
    for (const suffix of ['PROXY', 'proxy']) {
      const name = (upper: string) =>
        suffix === 'proxy' ? `${upper}_proxy`.toLowerCase() : `${upper}_PROXY`;
      t.equal(shown[name('HTTP')], 'http://127.0.0.1:18080');
      t.equal(shown[name('HTTPS')], 'http://127.0.0.1:18080');
      t.equal(shown[name('ALL')], 'socks5://127.0.0.1:11080');
      t.equal(shown[name('NO')], defaults);
    }
    t.equal(
      inShell(shell, 'eval "$OUTPUT"; env', { OUTPUT: output }).includes(
        '\nhttp_proxy=http://127.0.0.1:18080\n',
      ),
      true,
      'exported',
    );
  });

  void t.test(
    `eval "$(spacetail env --unset)" gives back what stood before in ${title}`,
    async (t) => {
      const { env, folder } = await standInSupervisor(t);
      const before = { HTTPS_PROXY: "http://user:it's$5@old:3128", no_proxy: 'corp.example' };
      writeFileSync(folder.before, JSON.stringify(before));
      const set = await envOf({}, { ...env, ...before });
      const now = parsed(inShell(shell, `eval "$OUTPUT"; ${show}`, { OUTPUT: set, ...before }));
      t.equal(now['NO_PROXY'], `${defaults},corp.example`);
      const unset = await envOf({ unset: true }, { ...env, ...now });
      const after = parsed(
        inShell(shell, `set -eu; eval "$OUTPUT"; ${show}`, { OUTPUT: unset, ...now }),
      );
      for (const name of names) t.equal(after[name], before[name as 'no_proxy'] ?? 'UNSET', name);
    },
  );

  void t.test(`env --scrub unsets our secrets and nothing else in ${title}`, async (t) => {
    const secrets = {
      TS_AUTHKEY: 'tskey-auth-x',
      TS_AUTH_KEY: 'tskey-auth-x',
      TS_OAUTH_CLIENT_SECRET: 'tskey-client-x',
      TS_CLIENT_SECRET: 'tskey-client-x',
      TS_ID_TOKEN: 'a.b.c',
      SPACETAIL_PROXY_TOKEN: 'token',
      TS_EXTRA_ARGS: '--hostname=a --auth-key=tskey-auth-x',
      SPACETAIL_UPSTREAM_PROXY: 'http://user:pw@proxy:3128',
    };
    const kept = {
      TS_OAUTH_CLIENT_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'theirs',
      SPACELIFT_OIDC_TOKEN: 'theirs',
    };
    const { env } = await standInSupervisor(t);
    const output = await envOf({ scrub: true, unset: true }, { ...env, ...secrets, ...kept });
    for (const secret of Object.values(secrets)) t.notMatch(output, secret);
    const after = inShell(shell, `set -eu; eval "$OUTPUT"; env`, {
      OUTPUT: output,
      ...secrets,
      ...kept,
    });
    const lines = after.split('\n').filter((line) => !line.startsWith('OUTPUT='));
    for (const name of Object.keys(secrets))
      t.notOk(
        lines.some((line) => line.startsWith(`${name}=`)),
        name,
      );
    for (const name of Object.keys(kept))
      t.ok(
        lines.some((line) => line.startsWith(`${name}=`)),
        name,
      );
  });
}

void t.test('extra arguments and an upstream proxy without secrets are not scrubbed', async (t) => {
  const { env } = await standInSupervisor(t);
  const output = await envOf(
    { scrub: true },
    { ...env, TS_EXTRA_ARGS: '--ssh', SPACETAIL_UPSTREAM_PROXY: 'http://proxy:3128' },
  );
  t.notMatch(output, /TS_EXTRA_ARGS|UPSTREAM/);
  t.match(output, /^export HTTP_PROXY=/m, 'the proxy variables come too');
});

void t.test('the token is in the URL, and ours is known again without it', async (t) => {
  const { env, folder } = await standInSupervisor(t);
  writeFileSync(folder.before, '{}');
  const output = await envOf({}, { ...env, SPACETAIL_PROXY_TOKEN: 'a b/c' });
  t.match(output, /^export HTTP_PROXY='http:\/\/spacetail:a%20b%2Fc@127\.0\.0\.1:8080'$/m);
  const unset = await envOf(
    { unset: true },
    { ...env, HTTP_PROXY: 'http://spacetail:a%20b%2Fc@127.0.0.1:8080' },
  );
  t.match(unset, /^unset .*\bHTTP_PROXY\b/m);
});

void t.test('--unset leaves alone what the user has set since', async (t) => {
  const { env, folder } = await standInSupervisor(t);
  writeFileSync(folder.before, '{}');
  const unset = await envOf({ unset: true }, { ...env, HTTP_PROXY: 'http://mine:3128' });
  t.match(unset, /^unset .*\bHTTPS_PROXY\b/m, 'what is ours goes');
  t.notMatch(unset, /\bHTTP_PROXY\b/);
});

void t.test(
  'after down, --unset takes out what is ours and keeps the user part of NO_PROXY',
  async (t) => {
    const env = {
      SPACETAIL_RUNTIME_DIR: tmpFolder(t),
      HTTP_PROXY: 'http://127.0.0.1:8080',
      NO_PROXY: `${defaults},corp.example`,
    };
    t.equal(
      await envOf({ unset: true }, env),
      "unset HTTP_PROXY\nexport NO_PROXY='corp.example'\n",
    );
  },
);

void t.test(
  'the formats for GitHub, dotenv and JSON; what is unset is empty or null there',
  async (t) => {
    const { env, folder } = await standInSupervisor(t);
    writeFileSync(folder.before, JSON.stringify({ HTTPS_PROXY: 'http://old:3128' }));
    const ours = { ...env, HTTP_PROXY: 'http://127.0.0.1:8080' };
    const github = await envOf({ format: 'github' }, ours);
    t.match(github, /^HTTP_PROXY=http:\/\/127\.0\.0\.1:8080$/m);
    t.equal(
      github.split('\n').every((line) => line === '' || /^[A-Za-z_]+=\S+$/.test(line)),
      true,
    );
    t.match(
      await envOf({ format: 'github', unset: true }, ours),
      /^HTTP_PROXY=\nhttp_proxy=\nHTTPS_PROXY=http:\/\/old:3128$/m,
    );
    t.match(await envOf({ format: 'dotenv' }, ours), /^HTTP_PROXY=http:\/\/127\.0\.0\.1:8080$/m);
    t.match(JSON.parse(await envOf({ format: 'json' }, ours)), {
      HTTP_PROXY: 'http://127.0.0.1:8080',
      no_proxy: defaults,
    });
    t.match(JSON.parse(await envOf({ format: 'json', unset: true, scrub: true }, ours)), {
      HTTP_PROXY: null,
      HTTPS_PROXY: 'http://old:3128',
      TS_AUTHKEY: null,
    });
    await t.rejects(run({ format: 'fish' }, commandIo(env).io), {
      code: 'config_invalid',
      message: /"fish".*sh, github, dotenv, json/,
    });
  },
);

void t.test(
  'not up: what is configured, with a warning; an unknown port is an error',
  async (t) => {
    const env = {
      SPACETAIL_RUNTIME_DIR: tmpFolder(t),
      SPACETAIL_HTTP_LISTEN: '0.0.0.0:9090',
      SPACETAIL_PROXY_TOKEN: 't',
      SPACETAIL_SOCKS5_LISTEN: 'off',
    };
    const world = commandIo(env);
    t.equal(await run({}, world.io), 0);
    t.match(world.stdout(), /^export HTTP_PROXY='http:\/\/spacetail:t@127\.0\.0\.1:9090'$/m);
    t.notMatch(world.stdout(), /ALL_PROXY/);
    t.match(world.stderr(), /nothing is up/);
    await t.rejects(run({}, commandIo({ ...env, SPACETAIL_HTTP_LISTEN: '127.0.0.1:0' }).io), {
      code: 'not_up',
    });
  },
);

void t.test('a supervisor that answers nonsense costs a warning, not the hook', async (t) => {
  const { env } = await standInSupervisor(t, {
    operations: {
      status: async () => {
        throw new Error('broken');
      },
    },
  });
  const world = commandIo(env);
  t.equal(await run({ unset: true }, world.io), 0);
  t.match(world.stderr(), /warning: broken/);
});
