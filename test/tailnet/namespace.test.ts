import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { run } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { readFacts } from './facts.ts';

const ENTER = join(import.meta.dirname, 'enter.ts');

const MAIN = join(import.meta.dirname, 'main.ts');

const enter = (...command: string[]) => run(process.execPath, [ENTER, '--', ...command]);

/** Says it is there, and leaves with 5 on SIGTERM. */
const PATIENT =
  'process.on("SIGTERM", () => process.exit(5)); setInterval(() => {}, 1e5); console.log("ready");';

async function startPatient(marker: string) {
  const args = [ENTER, '--', process.execPath, '-e', PATIENT, marker];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

function isRunning(marker: string): boolean {
  return readdirSync('/proc').some((pid) => {
    const file = `/proc/${pid}/cmdline`;
    try {
      return /^\d+$/.test(pid) && readFileSync(file, 'utf8').split('\0').includes(marker);
    } catch {
      return false;
    }
  });
}

void t.test('a command inside sees its output, input and exit code passed on', async (t) => {
  const done = await run(process.execPath, [ENTER, 'sh', '-c', 'cat; echo oops >&2; exit 7'], {
    input: 'hello',
  });
  t.match(done, { code: 7, stdout: 'hello', stderr: 'oops\n' });
  t.equal((await enter('sh', '-c', 'kill -9 $$')).code, 137);
  t.equal((await run(process.execPath, [ENTER])).code, 2, 'no command is a usage error');
});

void t.test('a command inside is root on a network of its own that leads nowhere', async (t) => {
  const { stdout } = await enter('sh', '-c', 'id -u; ip -4 -brief address; cat /etc/resolv.conf');
  t.match(stdout, /^0\n/);
  t.match(stdout, /192\.0\.2\.10\/24/);
  t.match(stdout, /^nameserver 192\.0\.2\.53$/m);
  t.notMatch(stdout, /eth0/);
  const dial =
    'require("net").connect(443, "9.9.9.9").on("connect", () => process.exit(9)).on("error", (e) => console.log(e.code))';
  t.match((await enter(process.execPath, '-e', dial)).stdout, /EHOSTUNREACH|ETIMEDOUT/);
});

void t.test('what a command leaves behind is gone when it ends', async (t) => {
  const marker = `3${process.pid}1`;
  await enter('sh', '-c', `setsid sleep ${marker} >/dev/null 2>&1 & exit 0`);
  await t.resolves(waitFor(() => !isRunning(marker), { what: 'the end of the orphan' }));
});

void t.test('SIGTERM reaches the command, and its exit code comes back', async (t) => {
  const child = await startPatient('spacetail-term');
  child.kill('SIGTERM');
  t.strictSame(await once(child, 'exit'), [5, null]);
});

void t.test('SIGKILL of the one outside ends everything inside', async (t) => {
  const child = await startPatient('spacetail-kill');
  t.ok(isRunning('spacetail-kill'));
  child.kill('SIGKILL');
  await waitFor(() => !isRunning('spacetail-kill'), { what: 'the end of the command' });
});

void t.test('where the kernel refuses, it says so in one sentence and exits 1', async (t) => {
  const bin = tmpFolder(t);
  await run('sh', [
    '-c',
    `printf '#!/bin/sh\\necho "unshare: Operation not permitted" >&2; exit 1' > ${bin}/unshare; chmod +x ${bin}/unshare`,
  ]);
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const done = await run(process.execPath, [ENTER, 'true'], { env });
  t.equal(done.code, 1);
  t.match(
    done.stderr,
    /^enter: the kernel refuses network namespaces here.*Operation not permitted\n$/,
  );
});

void t.test('what a command puts into TMPDIR is gone with it', async (t) => {
  const folder = tmpFolder(t);
  const script = 'echo secret > "$TMPDIR/key" && cat "$TMPDIR/key"';
  const env = { TMPDIR: folder };
  const done = await run(process.execPath, [ENTER, 'sh', '-c', script], { env });
  t.equal(done.stdout, 'secret\n');
  const mountPoints = readdirSync(folder);
  t.equal(mountPoints.length, 1);
  t.strictSame(readdirSync(join(folder, mountPoints[0] ?? '')), []);
});

void t.test('SIGTERM of a tailnet in the foreground ends it in order', async (t) => {
  t.setTimeout(60_000);
  const facts = join(tmpFolder(t), 'facts.json');
  const main = spawn(process.execPath, [MAIN, '--facts', facts], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => main.kill('SIGKILL'));
  await once(main.stdout, 'data');
  const { loginServer, folder } = readFacts(facts);
  t.match(loginServer, /^http:\/\/127\.0\.0\.1:/);
  const state = `--statedir=${folder}/web`;
  t.ok(isRunning(state));
  main.kill('SIGTERM');
  t.strictSame(await once(main, 'exit'), [0, null]);
  t.notOk(isRunning(state));
  t.notOk(existsSync(facts));
});
