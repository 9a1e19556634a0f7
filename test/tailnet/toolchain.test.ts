import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { run, type Finished } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

const BUILD = join(import.meta.dirname, 'build.ts');

/** A `go` that does what the script says, found first in PATH, and an empty cache. */
function sandbox(script: string): { cache: string; build: () => Promise<Finished> } {
  const folder = tmpFolder(t);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'go'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'go'), 0o755);
  const cache = join(folder, 'cache');
  const env = { PATH: `${bin}:/usr/bin:/bin`, XDG_CACHE_HOME: cache };
  return { cache, build: () => run(process.execPath, [BUILD], { env }) };
}

/** Makes the files named after the packages in the folder of -o, and counts its runs. */
const GOOD = `
while [ "$1" != -o ]; do shift; done
for package in "$3" "$4" "$5"; do : > "$2$(basename "$package")"; done
echo run >> "$(dirname "$0")/runs"`;

void t.test('the tools are built once and found in the cache after that', async (t) => {
  const { cache, build } = sandbox(GOOD);
  const first = await build();
  t.equal(first.code, 0, first.stderr);
  const folder = first.stdout.trim();
  t.ok(folder.startsWith(join(cache, 'spacetail', 'tools')), folder);
  t.strictSame(readdirSync(folder).toSorted(), ['headscale', 'tailscale', 'tailscaled']);
  t.match(first.stderr, /building headscale, tailscale, tailscaled/);
  const second = await build();
  t.match(second, { code: 0, stdout: first.stdout, stderr: '' });
  t.equal(readFileSync(join(cache, '..', 'bin', 'runs'), 'utf8'), 'run\n');
});

void t.test('two builds at once both end with the tools', async (t) => {
  const { build } = sandbox(GOOD);
  const both = await Promise.all([build(), build()]);
  t.strictSame(
    both.map(({ code }) => code),
    [0, 0],
  );
  t.equal(both[0]?.stdout, both[1]?.stdout);
});

void t.test('a build that fails leaves nothing that counts as built', async (t) => {
  const { cache, build } = sandbox('echo "no such module" >&2; exit 1');
  const done = await build();
  t.match(done, { code: 1, stdout: '', stderr: /no such module[^]*go build failed \(1\)/ });
  t.strictSame(readdirSync(join(cache, 'spacetail', 'tools')), []);
});

void t.test('without go it says that go is missing', async (t) => {
  const cache = tmpFolder(t);
  const env = { PATH: '/nonexistent', XDG_CACHE_HOME: cache };
  const done = await run(process.execPath, [BUILD], { env });
  t.match(done, { code: 1, stderr: /go is not installed/ });
  t.notOk(existsSync(join(cache, 'go')));
});
