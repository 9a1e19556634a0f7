import '../tailnet/inside.ts';
import { copyFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { buildGoClient } from '../demo/go-client.ts';
import { startIssuer } from '../fakes/issuer-server.ts';
import { recordingProxy } from '../support/recording-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { type Spacetail, spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const { http: port } = facts.tailnetOrigin;
const go = await buildGoClient();

/** With a policy file of these lines. */
async function withPolicy(
  t: { teardown(action: () => unknown): unknown },
  lines: readonly string[],
  env: Record<string, string> = {},
): Promise<Spacetail> {
  const spacetail = await spacetailFor(t, facts, env);
  const file = `${spacetail.folder}/policy.yaml`;
  writeFileSync(file, `${lines.join('\n')}\n`);
  spacetail.env['SPACETAIL_POLICY'] = file;
  return spacetail;
}

async function statusOf(spacetail: Spacetail, host: string): Promise<number> {
  const done = await spacetail.curl(
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    `http://${host}:${port}/`,
  );
  return Number(done.stdout);
}

void t.test(
  'a malformed rule in the file stops up with its line, and nothing is started',
  async (t) => {
    const spacetail = await withPolicy(t, ['mode: enforce', 'allow:', '  - web', '  - http://db/']);
    const up = await spacetail.cli(['up']);
    t.equal(up.code, 2, up.stderr);
    t.match(up.stderr, /policy\.yaml:4: "http:\/\/db\/" is not a rule: a URL is not a host/);
    writeFileSync(`${spacetail.folder}/policy.yaml`, 'allow:\n  - web\nalow: []\n');
    t.match(await spacetail.cli(['up']), { code: 2, stderr: /policy\.yaml:3/ });
    t.match(await spacetail.cli(['up'], { SPACETAIL_POLICY: '/nosuch.yaml' }), {
      code: 2,
      stderr: /SPACETAIL_POLICY: \/nosuch\.yaml cannot be read/,
    });
    t.equal((await spacetail.cli(['status'])).code, 3);
  },
);

void t.test('rules hold for the programs they name, by executable and by provider', async (t) => {
  const spacetail = await withPolicy(t, [
    '# yaml-language-server: $schema=https://unpkg.com/spacetail/schema/policy.schema.json',
    'allow:',
    '  - rule: web',
    '    exe: curl',
    '  - rule: db',
    '    provider: terraform-provider-nomad_*',
    'deny:',
    '  - rule: web:1-79',
    '    exe: /nosuch/program',
  ]);
  const provider = `${spacetail.folder}/terraform-provider-nomad_v2.4.0`;
  copyFileSync(go, provider);
  await spacetail.up();
  t.equal(await statusOf(spacetail, 'web'), 200);
  t.equal(await statusOf(spacetail, 'db'), 403);
  const urls = [`http://web:${port}/`, `http://db:${port}/`] as const;
  t.match(await spacetail.through([go, ...urls]), { stdout: /^403 [^]*403 / });
  t.match(await spacetail.through([provider, ...urls]), { stdout: /^403 [^]*200 OK hello/ });
  const log = await waitFor(
    () => (spacetail.accessLog().length === 6 ? spacetail.accessLog() : undefined),
    { what: 'the log lines' },
  );
  const summary = log.map(({ host, status, policy, client }) => {
    const { exe, provider: name } = client as { exe: string; provider: string | null };
    return [host, status, (policy as { rule: string | null }).rule, name ?? exe.split('/').at(-1)];
  });
  const goName = go.split('/').at(-1);
  t.same(summary, [
    ['web', 200, 'web (policy.yaml:3)', 'curl'],
    ['db', 403, null, 'curl'],
    ['web', 403, null, goName],
    ['db', 403, null, goName],
    ['web', 403, null, 'terraform-provider-nomad_v2.4.0'],
    ['db', 200, 'db (policy.yaml:5)', 'terraform-provider-nomad_v2.4.0'],
  ]);
  const events = await fetch(`${spacetail.proxy}/events`);
  const { value } = (await events.body?.getReader().read()) ?? {};
  t.match(
    Buffer.from(value ?? []).toString(),
    '"needsClient":true',
    'the page says that requests wait',
  );
});

void t.test(
  'a plan may read and an apply may write, by the verified claims of the token',
  async (t) => {
    const issuer = await startIssuer(t);
    const lines = [
      `oidc: { issuer: '${issuer.url}', audience: ${issuer.audience} }`,
      'roles:',
      '  - name: plan',
      '    match: { stack: net, scope: read }',
      '    allow: [web]',
      '  - name: apply',
      '    match: { stack: net, scope: write }',
      '    allow: [web, db]',
    ];
    const cases = {
      read: { web: 200, db: 403, warning: /^(?!.*no role)/s },
      write: { web: 200, db: 200, warning: /^(?!.*no role)/s },
      forged: { web: 403, db: 403, warning: /no role of the policy applies: .*signature/ },
      missing: { web: 403, db: 403, warning: /no role of the policy applies: .*no OIDC token/ },
    };
    const spacetail = await withPolicy(t, lines);
    for (const [title, { web, db, warning }] of Object.entries(cases)) {
      const scope = title === 'write' || title === 'forged' ? 'write' : 'read';
      const token = await issuer.token({ scope, isForged: title === 'forged' });
      const up = await spacetail.up({ SPACELIFT_OIDC_TOKEN: title === 'missing' ? '' : token });
      t.match(up.stderr, warning, title);
      t.equal(await statusOf(spacetail, 'web'), web, `${title}: web`);
      t.equal(await statusOf(spacetail, 'db'), db, `${title}: db`);
      t.notMatch(up.stderr, token);
      t.equal((await spacetail.cli(['down'])).code, 0);
    }
  },
);

void t.test(
  "the issuer's keys are fetched by the upstream proxy, where there is one",
  async (t) => {
    const issuer = await startIssuer(t);
    const proxy = await recordingProxy(t);
    const spacetail = await withPolicy(t, [
      `oidc: { issuer: '${issuer.url}', audience: ${issuer.audience} }`,
      'roles: [{ name: plan, match: { scope: read }, allow: [web] }]',
    ]);
    await spacetail.up({
      SPACELIFT_OIDC_TOKEN: await issuer.token({ scope: 'read' }),
      SPACETAIL_UPSTREAM_PROXY: `http://user:secret@127.0.0.1:${proxy.port}`,
    });
    const host = new URL(issuer.url).host;
    const asked = proxy.asked.filter(({ target }) => target.includes(host));
    t.match(asked, [
      { target: /openid-configuration$/, authorization: 'Basic dXNlcjpzZWNyZXQ=' },
      { target: /keys$/, authorization: 'Basic dXNlcjpzZWNyZXQ=' },
    ]);
    t.equal(issuer.asked.length, 2, 'and not otherwise');
    t.equal(await statusOf(spacetail, 'web'), 200);
  },
);
