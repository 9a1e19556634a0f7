import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import {
  claimPidfile,
  readPidfile,
  releasePidfile,
} from '../../../src/lifecycle/folder/pidfile.ts';
import {
  identify,
  isRunning,
  type ProcessId,
  signalProcess,
  waitForExit,
} from '../../../src/lifecycle/folder/process-id.ts';
import { stopSupervisor } from '../../../src/lifecycle/run/stop-supervisor.ts';
import { openRuntimeFolder } from '../../../src/lifecycle/folder/runtime-folder.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

const self = identify(process.pid) as ProcessId;

function sleeper(t: { teardown(end: () => unknown): unknown }): ProcessId {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  return identify(child.pid ?? 0) as ProcessId;
}

void t.test('it holds PID STARTTICKS, and only its owner takes it away', async (t) => {
  const path = join(tmpFolder(t), 'supervisor.pid');
  t.match(await readPidfile(path), { kind: 'absent' });
  t.match(await claimPidfile(path, self), { kind: 'claimed' });
  t.equal(readFileSync(path, 'utf8'), `${self.pid} ${self.startTicks}\n`);
  const other = sleeper(t);
  t.match(await claimPidfile(path, other), { kind: 'taken', by: self });
  await releasePidfile(path, other);
  t.ok(existsSync(path));
  await releasePidfile(path, self);
  t.notOk(existsSync(path));
});

void t.test('of many that claim at once exactly one wins, also over a stale file', async (t) => {
  const folder = tmpFolder(t);
  const claimers = Array.from({ length: 12 }, () => sleeper(t));
  for (const stale of [undefined, '999999 1\n', 'junk', '']) {
    const path = join(folder, 'supervisor.pid');
    if (stale !== undefined) writeFileSync(path, stale);
    const claims = await Promise.all(claimers.map((each) => claimPidfile(path, each)));
    t.equal(
      claims.filter((claim) => claim.kind === 'claimed').length,
      1,
      `over ${JSON.stringify(stale)}`,
    );
    t.strictSame(readdirSync(folder), ['supervisor.pid'], 'no draft and no marker is left');
    const content = await readPidfile(path);
    if (content.kind === 'running') await releasePidfile(path, content.process);
  }
});

void t.test(
  'a pid that belongs to someone else now is stale, and is never signalled',
  async (t) => {
    const folder = await openRuntimeFolder(join(tmpFolder(t), 'run'));
    const stranger = sleeper(t);
    const mistaken = { pid: stranger.pid, startTicks: stranger.startTicks - 1 };
    writeFileSync(folder.pidfile, `${mistaken.pid} ${mistaken.startTicks}\n`);
    writeFileSync(folder.tailscaledPidfile, `${mistaken.pid} ${mistaken.startTicks}\n`);
    t.match(await readPidfile(folder.pidfile), { kind: 'stale' });
    t.equal(signalProcess(mistaken, 'SIGKILL'), false);
    t.match(await stopSupervisor(folder.path), { kind: 'not_up', left: [] });
    t.ok(isRunning(stranger), 'the stranger lives');
    t.notOk(existsSync(folder.pidfile));
  },
);

void t.test('a zombie counts as gone', async (t) => {
  // The parent never reaps it: it replaces itself by sleep right after the fork.
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(String(line));
  const child = identify(pid);
  await waitFor(() => /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')), {
    what: 'the zombie',
  });
  t.equal(identify(pid), undefined);
  if (child !== undefined) t.ok(await waitForExit(child, 0));
});

void t.test('whatever stands in the file is read without an error', async (t) => {
  const path = join(tmpFolder(t), 'supervisor.pid');
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string(), fc.stringMatching(/^\d{0,20} \d{0,20}\n?$/)),
      async (text) => {
        writeFileSync(path, text);
        assert.notEqual((await readPidfile(path)).kind, 'absent');
      },
    ),
    { seed: 14, numRuns: 100 },
  );
  t.pass('100 runs');
});
