import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  checkSocketFolder,
  findRuntimeFolder,
  openRuntimeFolder,
  removeSecretFiles,
  writeSecretFile,
} from '../../../src/lifecycle/folder/runtime-folder.ts';
import { run } from '../../support/run.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const modeOf = (path: string): number => lstatSync(path).mode & 0o777;

void t.test('it is made with mode 0700 under any umask, its parents too', async (t) => {
  const home = tmpFolder(t);
  const script = join(import.meta.dirname, '../../../src/lifecycle/folder/runtime-folder.ts');
  for (const umask of ['000', '022', '077', '777']) {
    const path = join(home, umask === '777' ? `top-${umask}` : `a${umask}/b`, '').replace(
      /\/$/,
      '',
    );
    const result = await run('sh', [
      '-c',
      `umask ${umask}; exec '${process.execPath}' --input-type=module -e "const m = await import('${script}'); await m.openRuntimeFolder('${path}')"`,
    ]);
    t.equal(result.code, 0, result.stderr);
    t.equal(modeOf(path), 0o700, `umask ${umask}`);
  }
});

void t.test('an existing one is taken when it is ours and closed to others', async (t) => {
  const path = join(tmpFolder(t), 'run');
  t.equal(await findRuntimeFolder(path), undefined);
  const folder = await openRuntimeFolder(path);
  t.strictSame(await openRuntimeFolder(path), folder);
  t.strictSame(await findRuntimeFolder(path), folder);
});

void t.test(
  'a link, a file, an open folder and someone else’s folder are refused and not touched',
  async (t) => {
    const home = tmpFolder(t);
    const target = join(home, 'target');
    mkdirSync(target, { mode: 0o700 });
    symlinkSync(target, join(home, 'link'));
    symlinkSync(join(home, 'nowhere'), join(home, 'dangling'));
    writeFileSync(join(home, 'file'), 'x');
    mkdirSync(join(home, 'open'));
    chmodSync(join(home, 'open'), 0o755);
    for (const [name, why] of [
      ['link', /is a link or a file/],
      ['dangling', /is a link or a file/],
      ['file', /is a link or a file/],
      ['open', /can be entered by others \(mode 0755/],
    ] as const) {
      const expected = { code: 'runtime_folder_unsafe', message: why };
      await t.rejects(openRuntimeFolder(join(home, name)), expected, name);
      await t.rejects(findRuntimeFolder(join(home, name)), expected, name);
    }
    t.equal(modeOf(join(home, 'open')), 0o755);
    t.notOk(existsSync(join(home, 'nowhere')));
    // Root may give a folder away; anyone else has /proc, which is root's.
    const isRoot = process.getuid?.() === 0;
    const foreign = isRoot ? join(home, 'foreign') : '/proc';
    if (isRoot) {
      mkdirSync(foreign, { mode: 0o700 });
      chownSync(foreign, 1983, 1983);
    }
    const expected = {
      code: 'runtime_folder_unsafe',
      message: isRoot ? /belongs to uid 1983, not to uid 0/ : /belongs to uid 0/,
    };
    await t.rejects(openRuntimeFolder(foreign), expected);
    await t.rejects(findRuntimeFolder(foreign), expected);
  },
);

void t.test('a path too long for a unix socket is refused before anything is made', async (t) => {
  const path = join(tmpFolder(t), 'x'.repeat(90));
  await t.rejects(openRuntimeFolder(path), {
    code: 'config_invalid',
    message: /too long for a unix socket/,
  });
  t.notOk(existsSync(path));
});

void t.test(
  'a secret is written with mode 0600, never through a link, and is removed',
  async (t) => {
    const home = tmpFolder(t);
    const folder = await openRuntimeFolder(join(home, 'run'));
    const victim = join(home, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(folder.path, '.secret-auth-key'));
    const path = await writeSecretFile(folder, 'auth-key', 's3cret');
    t.equal(readFileSync(path, 'utf8'), 's3cret');
    t.equal(modeOf(path), 0o600);
    t.equal(readFileSync(victim, 'utf8'), 'untouched');
    await removeSecretFiles(folder);
    t.notOk(existsSync(path));
  },
);

void t.test('a socket of TS_SOCKET must lie in a folder that others cannot enter', async (t) => {
  const home = tmpFolder(t);
  await checkSocketFolder(join(home, 'tailscaled.sock'));
  chmodSync(home, 0o711);
  await t.rejects(checkSocketFolder(join(home, 'tailscaled.sock')), {
    code: 'runtime_folder_unsafe',
  });
  await t.rejects(checkSocketFolder(join(home, 'none/tailscaled.sock')), {
    message: /does not exist/,
  });
});
