import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { version } from '../../src/version.ts';
import { run as runSoon } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

/** npm and the compiler may be slow on a machine that has other things to do. */
const run: typeof runSoon = (command, args, options) =>
  runSoon(command, args, { timeoutMs: 120_000, ...options });
const root = join(import.meta.dirname, '..', '..');
const folder = tmpFolder(t);
const packed = join(folder, 'packed');
const consumer = join(folder, 'consumer');
const env = {
  npm_config_update_notifier: 'false',
  npm_config_cache: join(folder, 'cache'),
  // What npm thinks of this machine's own settings is no word of the package.
  npm_config_loglevel: 'error',
};

/** A copy is packed: `npm pack` changes package.json while it works. */
for (const name of ['package.json', 'README.md', 'LICENSE', 'dist', 'schema', 'scripts'])
  cpSync(join(root, name), join(packed, name), { recursive: true });
const manifest = readFileSync(join(packed, 'package.json'), 'utf8');
const { mtimeMs } = statSync(join(packed, 'package.json'));
const pack = await run('npm', ['pack', '--json', '--pack-destination', folder], {
  cwd: packed,
  env,
});
t.match(pack, { code: 0 });
const [tarball] = JSON.parse(pack.stdout.slice(pack.stdout.indexOf('['))) as [
  { filename: string; files: { path: string; mode: number }[] },
];

void t.test('the package holds what runs and what is read, and nothing else', async (t) => {
  t.same(tarball.files.map((file) => file.path).sort(), [
    'LICENSE',
    'README.md',
    'dist/completion/_spacetail',
    'dist/completion/spacetail.bash',
    'dist/completion/spacetail.fish',
    'dist/index.cjs',
    'dist/index.d.cts',
    'dist/index.d.ts',
    'dist/index.js',
    'dist/main.cjs',
    'dist/spacetail.1',
    'dist/spacetail.js',
    'package.json',
    'schema/access-log.schema.json',
    'schema/policy.schema.json',
  ]);
  t.equal(
    readFileSync(join(packed, 'package.json'), 'utf8'),
    manifest,
    'package.json is as it was',
  );
  t.equal(
    statSync(join(packed, 'package.json')).mtimeMs,
    mtimeMs,
    'make builds nothing anew for it',
  );
});

void t.test(
  'it installs from the tarball alone, into an empty folder, without a network',
  async (t) => {
    mkdirSync(consumer);
    writeFileSync(join(consumer, 'package.json'), '{ "private": true }');
    const args = [
      'install',
      '--offline',
      '--no-audit',
      '--no-fund',
      join(folder, tarball.filename),
    ];
    const installed = await run('npm', args, { cwd: consumer, env });
    t.match(installed, { code: 0 }, installed.stderr);
    const modules = readdirSync(join(consumer, 'node_modules')).filter(
      (name) => !name.startsWith('.'),
    );
    t.same(modules, ['spacetail'], 'no other package comes with it');
    const published = JSON.parse(
      readFileSync(join(consumer, 'node_modules/spacetail/package.json'), 'utf8'),
    ) as Record<string, unknown>;
    for (const name of ['dependencies', 'devDependencies', 'peerDependencies', 'scripts'])
      t.notOk(name in published, `it has no ${name}`);

    const npx = await run('npx', ['--offline', 'spacetail', '--version'], { cwd: consumer, env });
    t.match(npx, { code: 0, stdout: `${version()}\n`, stderr: '' });
    const bin = join(consumer, 'node_modules/.bin/spacetail');
    t.match(
      await run(bin, ['explain', 'web'], { env: { SPACETAIL_RUNTIME_DIR: join(folder, 'none') } }),
      {
        code: 1,
        stderr: /\[not_up\]/,
      },
    );
  },
);

void t.test('programs of both kinds import the API, with one class of error', async (t) => {
  const body = `
  const error = await up({ env: {} }).catch((thrown) => thrown);
  console.log(error instanceof SpacetailError, error.code, error.exitCode);`;
  const programs = {
    'program.mjs': `import { SpacetailError, up } from 'spacetail';\n${body}`,
    'program.cjs': `const { SpacetailError, up } = require('spacetail');\n(async () => {${body}\n})();`,
    'both.mjs': `import { createRequire } from 'node:module';
import { SpacetailError } from 'spacetail';
import schema from 'spacetail/schema/policy.schema.json' with { type: 'json' };
const required = createRequire(import.meta.url)('spacetail');
console.log(required.SpacetailError === SpacetailError, 'credentials_missing', schema.type && 2);`,
  };
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(consumer, name), text);
    const done = await run(process.execPath, [name], { cwd: consumer });
    t.match(done, { code: 0, stdout: 'true credentials_missing 2\n', stderr: '' }, name);
  }
});

void t.test('its types are those that the guide shows, in every kind of resolution', async (t) => {
  // The consumer's own: Node's types, which declare fetch and its dispatcher.
  mkdirSync(join(consumer, 'node_modules/@types'));
  for (const name of ['@types/node', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name));
  const program = `import { type ErrorCode, SpacetailError, up, type Tailnet, type UpOptions } from 'spacetail';

const options: UpOptions = { authKey: 'file:/run/secrets/key', tags: ['tag:ci'], allow: ['web:443'] };
export async function main(): Promise<string> {
  await using tailnet: Tailnet = await up(options);
  const response = await fetch('https://web/', { dispatcher: tailnet.dispatcher });
  const found = await tailnet.resolve('web');
  if (found.kind === 'unresolved') throw new Error(found.detail);
  const addresses: readonly string[] = found.addresses;
  return [response.status, tailnet.proxyUrl, tailnet.socksUrl ?? '', ...addresses].join(' ');
}
export const isRefused = (error: unknown): boolean => {
  const code: ErrorCode = 'login_failed';
  return error instanceof SpacetailError && error.code === code;
};
// @ts-expect-error a misspelt option is told
void up({ authkey: 'x' });
`;
  const guide = [
    ...readFileSync(join(root, 'docs/api.md'), 'utf8').matchAll(/^```ts\n([^]*?)^```/gm),
  ];
  t.equal(guide.length, 2);
  for (const [index, [, text = '']] of guide.entries())
    writeFileSync(join(consumer, `guide-${index}.mts`), text);
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024'];
  const lib = ['--lib', 'es2024,esnext.disposable', '--types', 'node', '--pretty', 'false'];
  for (const [file, ...flags] of [
    ['guide-0.mts', '--module', 'nodenext'],
    ['guide-1.mts', '--module', 'nodenext'],
    ['program.mts', '--module', 'node16'],
    ['program.mts', '--module', 'nodenext'],
    ['program.cts', '--module', 'node16'],
    ['program.cts', '--module', 'nodenext'],
    ['program.ts', '--module', 'esnext', '--moduleResolution', 'bundler'],
  ] as const) {
    if (file.startsWith('program')) writeFileSync(join(consumer, file), program);
    const checked = await run(
      join(root, 'node_modules/.bin/tsc'),
      ['--ignoreConfig', ...strict, ...lib, ...flags, file],
      { cwd: consumer },
    );
    t.match(checked, { code: 0, stdout: '' }, `${file} ${flags.join(' ')}`);
  }
});
