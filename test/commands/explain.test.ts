import t from 'tap';
import { parseTarget, run, runResolve } from '../../src/commands/explain.ts';
import { commandIo } from '../support/command-io.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';

const passing = {
  passes: true,
  steps: [
    { step: 'name', text: 'db by status: 100.64.0.3' },
    { step: 'route', text: 'tailnet: an address of a peer' },
    { step: 'result', text: 'passes' },
  ],
  nearest: [],
  hint: '',
};

void t.test('explain prints the decision step by step and passes on the target', async (t) => {
  const seen: unknown[] = [];
  const { env } = await standInSupervisor(t, {
    operations: { explain: async (parameters) => (seen.push(parameters), passing) },
  });
  const world = commandIo(env);
  t.equal(await run({ target: 'https://user:pw@DB/path?q=1', dial: true }, world.io), 0);
  t.same(seen, [{ host: 'DB', port: 443, dial: true }]);
  t.equal(
    world.stdout(),
    'name     db by status: 100.64.0.3\nroute    tailnet: an address of a peer\nresult   passes\n',
  );
});

void t.test('what would not pass is exit 1, with the nearest names and a hint', async (t) => {
  const refused = {
    passes: false,
    steps: [{ step: 'name', text: 'dbb does not resolve\x1b[2J' }],
    nearest: ['db', 'dbx'],
    hint: 'Did you mean db?',
  };
  const { env } = await standInSupervisor(t, { operations: { resolve: async () => refused } });
  const world = commandIo(env);
  t.equal(await runResolve({ name: 'dbb' }, world.io), 1);
  t.equal(
    world.stdout(),
    'name     dbb does not resolve?[2J\nnearest  db, dbx\nhint     Did you mean db?\n',
  );
  const json = commandIo(env);
  t.equal(await runResolve({ name: 'dbb', json: true }, json.io), 1);
  t.same(JSON.parse(json.stdout()), refused);
});

void t.test('nothing up and an answer of another version are errors', async (t) => {
  const { env } = await standInSupervisor(t, {
    operations: { explain: async () => ({ other: true }) },
  });
  await t.rejects(run({ target: 'db' }, commandIo(env).io), { code: 'control_failed' });
  await t.rejects(
    run({ target: 'db' }, commandIo({ SPACETAIL_RUNTIME_DIR: '/tmp/no-such-folder' }).io),
    { code: 'not_up' },
  );
});

const targets: readonly [text: string, target: { host: string; port: number } | undefined][] = [
  ['db', { host: 'db', port: 443 }],
  ['db:5432', { host: 'db', port: 5432 }],
  ['http://db', { host: 'db', port: 80 }],
  ['http://db:8080/x', { host: 'db', port: 8080 }],
  ['wss://db', { host: 'db', port: 443 }],
  ['postgres://u:p@db/base', { host: 'db', port: 5432 }],
  ['ssh://git@host.example', { host: 'host.example', port: 22 }],
  ['100.64.0.3', { host: '100.64.0.3', port: 443 }],
  ['0x7f.1:80', { host: '0x7f.1', port: 80 }],
  ['fd7a:115c:a1e0::1', { host: 'fd7a:115c:a1e0::1', port: 443 }],
  ['[fd7a:115c:a1e0::1]:22', { host: 'fd7a:115c:a1e0::1', port: 22 }],
  ['http://[fd7a:115c:a1e0::1]/', { host: 'fd7a:115c:a1e0::1', port: 80 }],
  ['bücher.example', { host: 'bücher.example', port: 443 }],
  ['partner!web', { host: 'partner!web', port: 443 }],
  ['partner!web:80', { host: 'partner!web', port: 80 }],
  ['partner![fd7a:115c:a1e0::1]', { host: 'partner!fd7a:115c:a1e0::1', port: 443 }],
  ['partner![fd7a:115c:a1e0::1]:22', { host: 'partner!fd7a:115c:a1e0::1', port: 22 }],
  ['partner!fd7a:115c:a1e0::1', { host: 'partner!fd7a:115c:a1e0::1', port: 443 }],
  ['http://partner!web/', undefined],
  ['', undefined],
  [':80', undefined],
  ['db:0', undefined],
  ['db:99999', undefined],
  ['gopher://db', undefined],
  ['user@db', undefined],
  ['a b', undefined],
  ['db/path', undefined],
];

void t.test('targets are URLs, hosts, or hosts with a port', async (t) => {
  for (const [text, target] of targets) {
    if (target === undefined) t.throws(() => parseTarget(text), { code: 'config_invalid' }, text);
    else t.same(parseTarget(text), target, text);
  }
});
