import t from 'tap';
import { readPidfile } from '../../../src/lifecycle/folder/pidfile.ts';
import { isRunning } from '../../../src/lifecycle/folder/process-id.ts';
import { stopSupervisor } from '../../../src/lifecycle/run/stop-supervisor.ts';
import { failureOf, leftIn, tailscaledOf } from '../../fakes/run-facts.ts';
import { createTestRun, testTailnet } from '../../fakes/test-run.ts';

void t.test('whatever fails in up, the step is named and everything is gone again', async (t) => {
  const cases: [Parameters<typeof createTestRun>[1], RegExp][] = [
    [
      { tailscaled: 'exits-at-once' },
      /^step tailscaled: tailscaled ended with exit code 3; it last said:[^]*made of cheese/,
    ],
    [
      { tailscaled: 'hangs', settings: { upTimeoutMs: 1000 } },
      /^step tailscaled: not done within SPACETAIL_UP_TIMEOUT \(1 s\)$/,
    ],
    [
      { tailscaled: 'no-socks-line', settings: { upTimeoutMs: 1000 } },
      /^step tailscaled: not done/,
    ],
    [
      { settings: { tailscaled: '/nonexistent/tailscaled' } },
      /^step tailscaled: \/nonexistent\/tailscaled cannot be started: no such program/,
    ],
    [
      { settings: { tailscale: '/nonexistent/tailscale' } },
      /^step login: \/nonexistent\/tailscale cannot be started/,
    ],
    [{ tailscale: 'bad-key' }, /^step login: the key is not valid[^]*API key does not exist$/],
    [{ tailscale: 'bad-tag' }, /^step login: the key may not use a tag/],
    [{ tailscale: 'needs-login' }, /^step login: the control server asks for an interactive login/],
    [{ tailscale: 'needs-approval' }, /^step login: the node waits for an administrator/],
    [
      { tailscale: 'bad-flag' },
      /^step login: TS_EXTRA_ARGS: tailscale does not know --no-such-flag$/,
    ],
    [
      { tailscaled: 'bad-flag' },
      /^step tailscaled: TS_TAILSCALED_EXTRA_ARGS: tailscaled does not know --no-such-flag$/,
    ],
    [
      { tailscaled: 'no-control', tailscale: 'hangs', settings: { upTimeoutMs: 1500 } },
      /^step login: the control server http:\/\/127.0.0.1:1 is not reached: connection refused \(127.0.0.1:1\); not done within SPACETAIL_UP_TIMEOUT \(1.5 s\)$/,
    ],
    [
      { tailscaled: 'bad-control', tailscale: 'hangs' },
      /^step login: the certificate of the control server https:\/\/hs.example is not accepted: certificate has expired or is not yet valid$/,
    ],
    [
      { tailscale: 'bad-certificate' },
      /^step login: the certificate of the control server is not accepted[^]*x509: certificate has expired/,
    ],
    [
      {
        tailscale: 'needs-logs',
        settings: { tailnet: { ...testTailnet, tailscaledArgs: ['--no-logs-no-support'] } },
      },
      /^step login: the tailnet demands logs/,
    ],
    [{ tailscale: 'locked' }, /^step login: tailnet lock is on/],
    [{ tailscale: 'junk' }, /^step login: tailscale up failed/],
    [{ tailscale: 'hangs', settings: { upTimeoutMs: 1500 } }, /^step login: not done within/],
    [
      { tailscaled: 'crashes-later', afterMs: 300, tailscale: 'hangs' },
      /^step login: tailscaled ended with exit code 7/,
    ],
    [{ payload: { readinessFails: true } }, /^step netmap: no netmap/],
  ];
  for (const [options, expected] of cases) {
    const run = await createTestRun(t, options);
    const { last } = await run.up();
    t.match(failureOf(last), expected);
    t.strictSame(leftIn(run), [], `${expected} leaves no file`);
    t.equal((await readPidfile(run.folder.pidfile)).kind, 'absent');
    t.notMatch(JSON.stringify(last), run.key);
  }
});

void t.test(
  'down is done in 10 s when tailscaled ignores SIGTERM and a request never ends',
  async (t) => {
    const run = await createTestRun(t, {
      tailscaled: 'ignores-sigterm',
      payload: { hangingDrain: true },
    });
    await run.up();
    const tailscaled = tailscaledOf(run);
    const startedMs = performance.now();
    t.match(await stopSupervisor(run.folder.path), {
      kind: 'stopped',
      forced: undefined,
      left: [],
    });
    t.ok(performance.now() - startedMs < 10_000);
    t.notOk(isRunning(tailscaled));
  },
);
