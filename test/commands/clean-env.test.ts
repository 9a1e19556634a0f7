import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cliPath } from '../../src/commands/cli-path.ts';
import { run } from '../../src/commands/clean-env.ts';
import { run as env } from '../../src/commands/env.ts';
import { commandIo } from '../support/command-io.ts';
import { inShell, shells } from '../support/shells.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

type Variables = Record<string, string>;

async function clean(
  content: string,
  variables: Variables,
  t: { teardown(callback: () => unknown): unknown },
): Promise<string> {
  const file = join(tmpFolder(t), 'env');
  writeFileSync(file, content, 'latin1');
  const world = commandIo(variables);
  t.teardown(() => {});
  if ((await run({ file }, world.io)) !== 0 || world.stdout() !== '')
    throw new Error('clean-env printed or failed');
  return readFileSync(file, 'latin1');
}

const noProxy =
  'localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23,metadata.google.internal,metadata.google.internal.,.spacelift.io';

/** The hooks of the bash image write the first line; `spacetail env` the others. */
const ours: readonly string[] = [
  'HTTP_PROXY=http://127.0.0.1:8080',
  'export HTTPS_PROXY=http://127.0.0.1:8080',
  "export http_proxy='http://127.0.0.1:8080'",
  'declare -x https_proxy="http://127.0.0.1:8080/"',
  'declare -x HTTP_PROXY="http://spacetail:to%20ken@127.0.0.1:8080"',
  'HTTP_PROXY=http://localhost:8080',
  'ALL_PROXY=socks5://127.0.0.1:1080',
  "export all_proxy='socks5://127.0.0.1:1080'",
  `NO_PROXY=${noProxy}`,
  `declare -x no_proxy="${noProxy}"`,
];

const theirs: readonly string[] = [
  'HTTP_PROXY=http://proxy.corp:3128',
  'export https_proxy=http://127.0.0.1:3128',
  'NO_PROXY=localhost,corp.example',
  'all_proxy=socks5://127.0.0.1:9050',
  'MY_HTTP_PROXY=http://127.0.0.1:8080',
  'TF_VAR_http_proxy=http://127.0.0.1:8080',
  'FTP_PROXY=http://127.0.0.1:8080',
  'export HTTP_PROXY',
  `export SCRIPT="\nHTTP_PROXY=http://127.0.0.1:8080\n"`,
  "SCRIPT='\nexport HTTP_PROXY=http://127.0.0.1:8080'",
];

for (const end of ['\n', '\r\n']) {
  void t.test(
    `our lines go and every other byte stays, line end ${JSON.stringify(end)}`,
    async (t) => {
      const variables = { SPACETAIL_RUNTIME_DIR: tmpFolder(t) };
      for (const line of ours)
        t.equal(
          await clean(`A=\xff${end}${line}${end}B='2'`, variables, t),
          `A=\xff${end}B='2'`,
          line,
        );
      for (const line of theirs)
        t.equal(
          await clean(`A=1${end}${line}${end}B=2${end}`, variables, t),
          `A=1${end}${line}${end}B=2${end}`,
          line,
        );
      const all = [...ours, ...theirs, ...ours].map((line) => line + end).join('');
      t.equal(await clean(all, variables, t), theirs.map((line) => line + end).join(''));
    },
  );
}

void t.test('what stood before up comes back, in the line of its name', async (t) => {
  const { env: variables, folder } = await standInSupervisor(t);
  writeFileSync(
    folder.before,
    JSON.stringify({
      HTTP_PROXY: 'http://proxy.corp:3128',
      no_proxy: 'corp.example,ü',
      HTTPS_PROXY: "it's",
    }),
  );
  const saved = `export HTTP_PROXY="http://127.0.0.1:8080"\r\nhttp_proxy=http://127.0.0.1:8080\r\nno_proxy='${noProxy},corp.example'\r\ndeclare -x HTTPS_PROXY='http://127.0.0.1:8080'\r\n`;
  t.equal(
    Buffer.from(await clean(saved, variables, t), 'latin1').toString('utf8'),
    `export HTTP_PROXY="http://proxy.corp:3128"\r\nno_proxy='corp.example,ü'\r\ndeclare -x HTTPS_PROXY='it'\\''s'\r\n`,
  );
});

void t.test('after down the user part of NO_PROXY still comes back', async (t) => {
  const variables = { SPACETAIL_RUNTIME_DIR: tmpFolder(t) };
  t.equal(
    await clean(`NO_PROXY=${noProxy},corp.example\n`, variables, t),
    'NO_PROXY=corp.example\n',
  );
});

void t.test(
  'a listener on another port is known by what really listens, or by its variable',
  async (t) => {
    const saved = 'HTTP_PROXY=http://127.0.0.1:18080\nhttp_proxy=http://127.0.0.1:8080\n';
    const { env: variables } = await standInSupervisor(t, {
      status: { listeners: { http: '127.0.0.1:18080', socks5: null } },
    });
    t.equal(await clean(saved, variables, t), 'http_proxy=http://127.0.0.1:8080\n');
    const down = { SPACETAIL_RUNTIME_DIR: tmpFolder(t), SPACETAIL_HTTP_LISTEN: '127.0.0.1:18080' };
    t.equal(await clean(saved, down, t), 'http_proxy=http://127.0.0.1:8080\n');
  },
);

void t.test('an absent file is fine', async (t) => {
  const folder = tmpFolder(t);
  const { io } = commandIo({ SPACETAIL_RUNTIME_DIR: folder });
  t.equal(await run({ file: join(folder, 'none') }, io), 0);
  t.equal(await run({ file: join(folder, 'no/folder/file') }, io), 0);
  t.equal(await run({}, io), 0, 'the default of Spacelift, which is not here');
});

void t.test(
  'the new file has the mode of the old one and appears at once; an unchanged one is not touched',
  async (t) => {
    const folder = tmpFolder(t);
    const file = join(folder, 'env');
    const { io } = commandIo({ SPACETAIL_RUNTIME_DIR: join(folder, 'run') });
    for (const mode of [0o600, 0o644, 0o640]) {
      writeFileSync(file, 'HTTP_PROXY=http://127.0.0.1:8080\nA=1\n');
      chmodSync(file, mode);
      const old = statSync(file);
      await run({ file }, io);
      const now = statSync(file);
      t.equal(now.mode & 0o7777, mode);
      t.not(now.ino, old.ino, 'renamed over, not written into');
      await run({ file }, io);
      t.equal(statSync(file).ino, now.ino, 'a second time changes nothing');
    }
    t.same(readdirSync(folder), ['env'], 'no draft is left');
  },
);

void t.test('a link stays a link and its target is cleaned', async (t) => {
  const folder = tmpFolder(t);
  mkdirSync(join(folder, 'real'));
  const target = join(folder, 'real', 'env');
  const file = join(folder, 'env');
  writeFileSync(target, 'HTTP_PROXY=http://127.0.0.1:8080\nA=1\n');
  symlinkSync('real/env', file);
  await run({ file }, commandIo({ SPACETAIL_RUNTIME_DIR: join(folder, 'run') }).io);
  t.ok(lstatSync(file).isSymbolicLink());
  t.equal(readFileSync(target, 'utf8'), 'A=1\n');
});

/** What a shell itself saves, with values that are hard to quote. */
const hard: Variables = {
  MULTI: `a\nHTTP_PROXY=http://127.0.0.1:8080\n"b" 'c' $d \\ e`,
  QUOTE: `it's`,
  PLAIN: '1',
};

for (const [title, shell] of Object.entries(shells)) {
  for (const save of title === 'bash' ? ['export -p', 'declare -x'] : ['export -p']) {
    void t.test(
      `what ${save} of ${title} saved comes back without us and otherwise as it was`,
      async (t) => {
        const { env: variables, folder } = await standInSupervisor(t);
        writeFileSync(folder.before, '{}');
        const made = commandIo(variables);
        await env({}, made.io);
        const file = join(folder.path, 'saved');
        inShell(shell, `eval "$OUTPUT"; unset OUTPUT; ${save} > '${file}'`, {
          ...hard,
          OUTPUT: made.stdout(),
        });
        t.match(readFileSync(file, 'utf8'), /HTTPS_PROXY=/);
        await run({ file }, commandIo(variables).io);
        const shown = inShell(
          shell,
          `. '${file}'; printf '%s|' "$MULTI" "$QUOTE" "$PLAIN" "\${HTTP_PROXY-}\${https_proxy-}\${ALL_PROXY-}\${NO_PROXY-}"`,
        );
        t.equal(shown, `${hard['MULTI']}|${hard['QUOTE']}|1||`);
      },
    );
  }
}

void t.test('a file that cannot be changed is a warning, and the run goes on', async (t) => {
  const file = join(tmpFolder(t), 'env');
  writeFileSync(file, 'HTTP_PROXY=http://127.0.0.1:8080\n');
  const readOnly = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', readOnly, file, process.execPath, cliPath(), 'clean-env', file],
    { encoding: 'utf8', env: { PATH: process.env['PATH'], SPACETAIL_RUNTIME_DIR: '/nonexistent' } },
  );
  t.equal(status, 0);
  t.equal(stdout, '');
  t.match(stderr, /^spacetail: warning: .*env cannot be changed \(EROFS.*\); proxy variables/);
  t.equal(stderr.split('\n').length, 2, 'one line');
});

void t.test('what cannot be read is a warning, too', async (t) => {
  const world = commandIo();
  t.equal(await run({ file: tmpFolder(t) }, world.io), 0);
  t.match(world.stderr(), /^spacetail: warning: .* cannot be read \(EISDIR/);
});
