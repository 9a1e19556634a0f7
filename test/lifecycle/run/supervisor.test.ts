import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import t from 'tap';
import { callControl } from '../../../src/lifecycle/control/control-client.ts';
import { isRunning } from '../../../src/lifecycle/folder/process-id.ts';
import { readPidfile } from '../../../src/lifecycle/folder/pidfile.ts';
import { stopSupervisor } from '../../../src/lifecycle/run/stop-supervisor.ts';
import { freePort } from '../../support/free-port.ts';
import { waitFor } from '../../support/wait-for.ts';
import { failureOf, leftIn, supervisorOf, tailscaledOf } from '../../fakes/run-facts.ts';
import { createTestRun } from '../../fakes/test-run.ts';

void t.test('up goes through its steps in order, down leaves logs and nothing else', async (t) => {
  const run = await createTestRun(t);
  const { last, events } = await run.up();
  t.equal(last.kind, 'ready');
  const steps = events.filter((event) => event.kind === 'step').map((event) => event.step);
  t.strictSame(steps, [
    'runtime folder',
    'control socket',
    'listeners',
    'tailscaled',
    'login',
    'netmap',
  ]);
  const supervisor = await supervisorOf(run);
  const tailscaled = tailscaledOf(run);
  t.match(
    await callControl(run.folder.controlSocket, 'status', { signal: AbortSignal.timeout(20_000) }),
    {
      state: 'running',
      pid: supervisor.pid,
      tailscaled: { restarts: 0 },
    },
  );
  const stopped = await stopSupervisor(run.folder.path);
  t.match(stopped, {
    kind: 'stopped',
    record: { end: 'down', record: { end: 'down' } },
    forced: undefined,
    left: [],
  });
  t.notOk(isRunning(supervisor));
  t.notOk(isRunning(tailscaled));
  t.strictSame(leftIn(run), []);
  t.ok(existsSync(run.folder.lastRun));
  t.match(
    await stopSupervisor(run.folder.path),
    { kind: 'not_up', left: [] },
    'down twice is fine',
  );
});

void t.test('the key is in no argument and no environment of what was started', async (t) => {
  const run = await createTestRun(t);
  await run.up();
  const supervisor = await supervisorOf(run);
  const asked = readFileSync(run.tailscaleRecord, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { argv: string[]; key?: string; env: object });
  t.equal(asked[0]?.key, run.key, 'tailscale got the key by a file');
  t.notMatch(JSON.stringify(asked.map(({ argv, env }) => ({ argv, env }))), run.key);
  for (const pid of [supervisor.pid, tailscaledOf(run).pid]) {
    for (const file of ['cmdline', 'environ']) {
      const text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
      t.notMatch(text, run.key, `${file} of ${pid}`);
      t.notMatch(text, 'HTTP_PROXY', `${file} of ${pid}`);
    }
  }
  t.notOk(
    readdirSync(run.folder.path).some((name) => name.includes('secret')),
    'the key file is gone after login',
  );
  await stopSupervisor(run.folder.path);
});

void t.test('a supervisor that is up already is found, and two at once make one', async (t) => {
  const run = await createTestRun(t);
  const kinds = (await Promise.all([run.up(), run.up(), run.up()])).map(({ last }) => last.kind);
  t.strictSame(kinds.sort(), ['already', 'already', 'ready']);
  t.match((await run.up()).last, { kind: 'already', pid: (await supervisorOf(run)).pid });
  await stopSupervisor(run.folder.path);
});

void t.test('a tailnet that demands logs is joined with them, said in one line', async (t) => {
  const run = await createTestRun(t, { tailscale: 'needs-logs' });
  const { last, events } = await run.up();
  t.equal(last.kind, 'ready');
  const notices = events.filter((event) => event.kind === 'notice').map(({ text }) => text);
  t.match(notices, [/^this tailnet demands logs .*starts again without --no-logs-no-support$/]);
  const { argv } = JSON.parse(readFileSync(run.tailscaledRecord, 'utf8')) as { argv: string[] };
  t.notOk(argv.includes('--no-logs-no-support'));
  process.kill(tailscaledOf(run).pid, 'SIGKILL');
  const isAgain = (): boolean => readFileSync(run.tailscaleRecord, 'utf8').split('\n').length > 3;
  await waitFor(isAgain, { what: 'the next login' });
  t.notMatch(readFileSync(run.tailscaledRecord, 'utf8'), /no-logs-no-support/, 'it is remembered');
  await stopSupervisor(run.folder.path);
});

void t.test('a control server that is not reached is named at once, and once', async (t) => {
  const run = await createTestRun(t, {
    tailscaled: 'no-control',
    tailscale: 'hangs',
    settings: { upTimeoutMs: 2000 },
  });
  const { events } = await run.up();
  const notices = events.filter((event) => event.kind === 'notice').map(({ text }) => text);
  t.same(notices, [
    'the control server http://127.0.0.1:1 is not reached: connection refused (127.0.0.1:1); it is tried until SPACETAIL_UP_TIMEOUT',
  ]);
});

void t.test('a busy port fails up before a key is used', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const run = await createTestRun(t, { payload: { port } });
  const { last } = await run.up();
  t.match(failureOf(last), /^step listeners: 127\.0\.0\.1:\d+ is taken/);
  t.notOk(existsSync(run.tailscaledRecord), 'tailscaled was not started');
  t.strictSame(leftIn(run), []);
});

void t.test(
  'without waiting up returns at the listeners, and a failed join leaves them up',
  async (t) => {
    const port = await freePort();
    const run = await createTestRun(t, {
      tailscale: 'bad-key',
      settings: { wait: false },
      payload: { port },
    });
    t.equal((await run.up()).last.kind, 'listening');
    const signal = AbortSignal.timeout(20_000);
    const last = await callControl(run.folder.controlSocket, 'wait', { signal });
    t.match(last, { kind: 'failed', error: { code: 'login_failed' } });
    t.match(await callControl(run.folder.controlSocket, 'status', { signal }), {
      state: 'failed',
      error: { code: 'login_failed' },
    });
    t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'ok');
    t.match(await stopSupervisor(run.folder.path), { kind: 'stopped', left: [] });
  },
);

void t.test('down during up ends both', async (t) => {
  const run = await createTestRun(t, { tailscale: 'hangs' });
  const up = run.up();
  await waitFor(() => existsSync(run.tailscaleRecord), { what: 'the login' });
  const tailscaled = tailscaledOf(run);
  t.match(await stopSupervisor(run.folder.path), { kind: 'stopped', forced: undefined, left: [] });
  t.match(await up, { last: { kind: 'failed', error: { code: 'up_interrupted' } } });
  t.notOk(isRunning(tailscaled));
  t.strictSame(leftIn(run), []);
});

void t.test('an up that is interrupted or killed takes everything along', async (t) => {
  const run = await createTestRun(t, { tailscale: 'hangs' });
  const interrupt = new AbortController();
  const up = run.up(interrupt.signal);
  await waitFor(() => existsSync(run.tailscaleRecord), { what: 'the login' });
  const [supervisor, tailscaled] = [await supervisorOf(run), tailscaledOf(run)];
  interrupt.abort(new Error('SIGTERM'));
  await t.rejects(up, { message: 'SIGTERM' });
  t.notOk(isRunning(supervisor));
  t.notOk(isRunning(tailscaled));
  t.strictSame(leftIn(run), []);
});

void t.test(
  'tailscaled dies with a killed supervisor, and up and down work afterwards',
  async (t) => {
    const run = await createTestRun(t);
    await run.up();
    const [supervisor, tailscaled] = [await supervisorOf(run), tailscaledOf(run)];
    process.kill(supervisor.pid, 'SIGKILL');
    await waitFor(() => !isRunning(tailscaled), { what: 'the end of tailscaled' });
    t.match(await run.up(), { last: { kind: 'ready' } });
    process.kill((await supervisorOf(run)).pid, 'SIGKILL');
    await waitFor(async () => (await readPidfile(run.folder.pidfile)).kind === 'stale');
    t.match(await stopSupervisor(run.folder.path), { kind: 'not_up', left: [] });
    t.strictSame(leftIn(run), []);
  },
);

void t.test('down ends a supervisor that hangs', async (t) => {
  const run = await createTestRun(t);
  await run.up();
  const [supervisor, tailscaled] = [await supervisorOf(run), tailscaledOf(run)];
  process.kill(supervisor.pid, 'SIGSTOP');
  const stopped = await stopSupervisor(run.folder.path, { deadlineMs: 3000 });
  t.match(stopped, { kind: 'stopped', forced: /timeout/, left: [] });
  t.notOk(isRunning(supervisor));
  t.notOk(isRunning(tailscaled));
  t.strictSame(leftIn(run), []);
});

void t.test('a crashed tailscaled is started again and counted', async (t) => {
  const run = await createTestRun(t);
  await run.up();
  const first = tailscaledOf(run);
  process.kill(first.pid, 'SIGKILL');
  const signal = AbortSignal.timeout(10_000);
  const status = await waitFor(async () => {
    const now = (await callControl(run.folder.controlSocket, 'status', { signal })) as {
      state: string;
      tailscaled: { pid: number; restarts: number };
    };
    return now.state === 'running' && now.tailscaled.restarts > 0 ? now : undefined;
  });
  t.equal(status.tailscaled.restarts, 1);
  const counted = await callControl(run.folder.controlSocket, 'restarts', { signal });
  t.equal(counted, 1, 'whoever builds the parts can ask at any time');
  t.not(status.tailscaled.pid, first.pid);
  t.match(await stopSupervisor(run.folder.path), { kind: 'stopped', left: [] });
});

void t.test('a flood on stderr fills neither the disk nor the memory', async (t) => {
  const run = await createTestRun(t, { tailscaled: 'floods-stderr' });
  t.equal((await run.up()).last.kind, 'ready');
  t.match(await stopSupervisor(run.folder.path), { kind: 'stopped', forced: undefined, left: [] });
});
