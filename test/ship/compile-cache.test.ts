import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { tmpFolder } from '../support/tmp-folder.ts';

const bin = fileURLToPath(new URL('../../dist/spacetail.js', import.meta.url));
const name = `spacetail-cache-${process.getuid?.()}`;

function run(folder: string): void {
  const env = { PATH: process.env['PATH'], TMPDIR: folder };
  const { status, stderr } = spawnSync(process.execPath, [bin, 'env', '--help'], { env });
  if (status !== 0) throw new Error(stderr.toString());
}

void t.test('code was read from a cache folder that another user may have made', async (t) => {
  const folder = tmpFolder(t);
  run(folder);
  t.strictSame(readdirSync(folder), [name], "not node's own folder, whose name anybody knows");
  t.equal(lstatSync(join(folder, name)).mode & 0o777, 0o700);
  t.ok(readdirSync(join(folder, name)).length > 0, 'it is used');
});

void t.test('a folder that others may write to, or a link, is no cache', async (t) => {
  const open = tmpFolder(t);
  mkdirSync(join(open, name));
  chmodSync(join(open, name), 0o777);
  run(open);
  t.strictSame(readdirSync(join(open, name)), []);

  const linked = tmpFolder(t);
  const elsewhere = tmpFolder(t);
  chmodSync(elsewhere, 0o700);
  symlinkSync(elsewhere, join(linked, name));
  run(linked);
  t.strictSame(readdirSync(elsewhere), []);

  const shared = tmpFolder(t);
  chmodSync(shared, 0o777);
  run(shared);
  t.strictSame(readdirSync(shared), [], 'nor one in a folder where others may rename it');
});
