import { spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { cli, cliFile, startCli } from '../support/cli.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

const secrets = {
  TS_AUTHKEY: 'tskey-auth-secret',
  TS_OAUTH_CLIENT_SECRET: 'tskey-client-secret',
  TS_OAUTH_CLIENT_ID: 'id',
  SPACETAIL_PROXY_TOKEN: 'proxy-secret',
};

void t.test('the command gets the proxy variables and none of our secrets', async (t) => {
  const { env } = await standInSupervisor(t);
  const result = await cli(['exec', '--', 'env'], {
    env: { ...env, ...secrets, SPACELIFT_OIDC_TOKEN: 'theirs' },
  });
  t.equal(result.code, 0);
  t.match(result.stdout, /^HTTPS_PROXY=http:\/\/spacetail:proxy-secret@127\.0\.0\.1:8080$/m);
  t.match(result.stdout, /^no_proxy=localhost,/m);
  t.match(result.stdout, /^SPACELIFT_OIDC_TOKEN=theirs$/m);
  t.notMatch(
    result.stdout,
    /^(?:TS_AUTHKEY|TS_OAUTH_CLIENT_SECRET|SPACETAIL_PROXY_TOKEN|SPACETAIL_OWNER_PID)=/m,
  );
});

void t.test('stdout and stdin are those of the command alone', async (t) => {
  const { env } = await standInSupervisor(t);
  t.match(await cli(['exec', 'cat'], { env, input: 'through' }), { code: 0, stdout: 'through' });
});

void t.test('the exit code is that of the command: its own, 128+n, 127, 126', async (t) => {
  const { env } = await standInSupervisor(t);
  const folder = tmpFolder(t);
  writeFileSync(join(folder, 'plain'), 'no program');
  chmodSync(join(folder, 'plain'), 0o644);
  const codes: [args: string[], code: number][] = [
    [['--', 'sh', '-c', 'exit 42'], 42],
    [['sh', '-c', 'exit 0'], 0],
    [['sh', '-c', 'kill -TERM $$'], 143],
    [['sh', '-c', 'kill -KILL $$'], 137],
    [['no-such-program-here'], 127],
    [[join(folder, 'plain')], 126],
    [[folder], 126],
  ];
  for (const [args, code] of codes)
    t.match(await cli(['exec', ...args], { env }), { code }, args.join(' '));
});

void t.test('flags of the command are its own', async (t) => {
  const { env } = await standInSupervisor(t);
  t.match(await cli(['exec', 'echo', '--help', '-f', '--', 'x'], { env }), {
    code: 0,
    stdout: '--help -f -- x\n',
  });
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'] as const) {
  void t.test(`${signal} is passed on, and the command decides`, async (t) => {
    const { env } = await standInSupervisor(t);
    const short = signal.slice(3);
    const script = `trap 'echo got ${short}; exit 7' ${short}; echo ready; while :; do sleep 0.05; done`;
    const child = startCli(t, ['exec', 'sh', '-c', script], env);
    const output = text(child.stdout.pipe(new PassThrough()));
    await once(child.stdout, 'data');
    child.kill(signal);
    t.same(await once(child, 'exit'), [7, null]);
    t.equal(await output, `ready\ngot ${short}\n`);
  });
}

void t.test('a command that dies of the signal is 128+n', async (t) => {
  const { env } = await standInSupervisor(t);
  const child = startCli(t, ['exec', 'sh', '-c', 'echo ready; exec sleep 30'], env);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  t.same(await once(child, 'exit'), [143, null]);
});

void t.test(
  "a run that was up before is left up, and its owner stays its hook's shell",
  async (t) => {
    const asked: [operation: string, parameters: unknown][] = [];
    const note = (operation: string) => async (parameters: unknown) => {
      asked.push([operation, parameters]);
      return null;
    };
    const { env } = await standInSupervisor(t, {
      operations: { own: note('own'), stop: note('stop') },
    });
    t.equal((await cli(['exec', 'true'], { env })).code, 0);
    t.same(asked, [['own', { pid: process.pid }]]);
  },
);

void t.test('when up fails nothing is run', async (t) => {
  const result = await cli(['exec', 'echo', 'ran'], {
    env: { SPACETAIL_RUNTIME_DIR: join(tmpFolder(t), 'run') },
  });
  t.match(result, { code: 2, stdout: '', stderr: /credentials_missing/ });
  t.match(await cli(['exec']), { code: 2 });
});

void t.test('a reader that goes away does not leave exec hanging', async (t) => {
  const { env } = await standInSupervisor(t);
  const child = spawn(
    'sh',
    ['-c', `'${process.execPath}' '${cliFile}' exec seq 1 1000000 | head -n 1`],
    {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  t.equal(await text(child.stdout), '1\n');
  await once(child, 'exit');
});
