import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { entryOf } from '../../scripts/ship/changelog.ts';
import { pins } from './pins.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Features of tailscaled that TS_EXTRA_ARGS, the bridge or a user's hook may ask for. */
const kept = new Set([
  'ssh',
  'outboundproxy',
  'netstack',
  'gro',
  'dns',
  'oauthkey',
  'identityfederation',
  'useroutes',
  'useexitnode',
  'useproxy',
  'unixsocketidentity',
  'ipnbus',
  'tailnetlock',
  'advertiseroutes',
  'advertiseexitnode',
  'c2n',
  'dbus',
  'bakedroots',
  'peerapiclient',
  'peerapiserver',
  'portmapper',
  'health',
  'usermetrics',
  'cli',
  'logtail',
  'debug',
  'routecheck',
]);

void t.test('the image’s tailscaled keeps what a run may ask for', async (t) => {
  const script = read('scripts/ship/tailscale/build.sh');
  const omitted = /for feature in \\\n([\s\S]*?); do/.exec(script)?.[1]?.match(/[a-z0-9_]+/g) ?? [];
  t.ok(omitted.length >= 25, `${omitted.length} features are left out`);
  t.same(
    omitted.filter((feature) => kept.has(feature)),
    [],
  );
  t.same(omitted, [...new Set(omitted)].sort(), 'sorted, each once');
  t.match(script, 'ts_include_cli');
});

void t.test('the image and the tests build the same Tailscale', async (t) => {
  const version = (path: string): string | undefined =>
    /tailscale\.com (v\S+)/.exec(read(path))?.[1];
  t.equal(version('scripts/ship/tailscale/go.mod'), version('test/tailnet/go.mod'));
});

void t.test('every base of the Dockerfile is an argument or an earlier stage', async (t) => {
  const lines = read('Dockerfile').split('\n');
  const stages = new Set(lines.flatMap((line) => / AS (\S+)$/.exec(line)?.[1] ?? []));
  const bases = lines.flatMap((line) => /^FROM (?:--platform=\S+ )?(\S+)/.exec(line)?.[1] ?? []);
  t.ok(bases.length >= 7);
  for (const base of bases) {
    const known =
      /^\$\{[A-Z_]+\}$|^runner-\$\{NODE_FROM\}$|^scratch$/.test(base) || stages.has(base);
    t.ok(known, base);
  }
  for (const name of ['apk', 'copy', 'base'])
    t.ok(stages.has(`runner-${name}`), `NODE_FROM=${name}`);
});

void t.test('the build context holds what the Dockerfile copies', async (t) => {
  const ignore = read('.dockerignore').split('\n');
  t.equal(
    ignore.find((line) => !line.startsWith('#')),
    '*',
    'everything is left out unless named',
  );
  t.notMatch(ignore.join('\n'), /node_modules|\.git\b/);
  const sources = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap((match) =>
    (match[1] ?? '').split(' '),
  );
  t.ok(sources.length >= 9);
  for (const source of sources)
    t.ok(
      ignore.some(
        (line) =>
          line.startsWith(`!${source.replace(/^\.\//, '')}`) || line === `!${dirname(source)}/**`,
      ),
      source,
    );
});

void t.test('the changelog’s entry ends where the next one starts', async (t) => {
  const text =
    '# Changelog\n\n## [Unreleased]\n\n- a\n\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- b\n\n## [1.1.0]\n\n- c\n\n[1.1.0]: https://example\n';
  t.equal(entryOf(text, '1.2.0'), '### Added\n\n- b');
  t.equal(entryOf(text, '1.1.0'), '- c');
  t.equal(entryOf(text, '9.9.9'), undefined);
});

void t.test('a pin is read with its version', async (t) => {
  t.same(pins('      - uses: actions/checkout@0123 # v1.2.3\n        uses: docker/x@v1\n'), [
    { action: 'actions/checkout', ref: '0123', comment: 'v1.2.3' },
    { action: 'docker/x', ref: 'v1', comment: '' },
  ]);
});
