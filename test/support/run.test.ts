import t from 'tap';

import { run } from './run.ts';

void t.test('a command gives its output and exit code', async (t) => {
  const done = await run('sh', ['-c', 'cat; echo "$GREETING" >&2; exit 3'], {
    input: 'in',
    env: { GREETING: 'hi' },
  });
  t.match(done, { code: 3, stdout: 'in', stderr: 'hi\n', signal: undefined, timedOut: false });
});

void t.test('a command that a signal ends has the code that a shell would show', async (t) => {
  t.match(await run('sh', ['-c', 'kill -9 $$']), { code: 137, signal: 'SIGKILL' });
});

void t.test('a command that is not there has code 127', async (t) => {
  t.equal((await run('/nonexistent/program')).code, 127);
});

void t.test('a command that takes too long is ended', async (t) => {
  const done = await run('sleep', ['60'], { timeoutMs: 50 });
  t.match(done, { timedOut: true, code: 143 });
});

void t.test('a clean environment holds nothing of ours', async (t) => {
  const { stdout } = await run('/usr/bin/env', [], { cleanEnv: true, env: { ONLY: 'this' } });
  t.equal(stdout, 'ONLY=this\n');
});

void t.test('a variable set to undefined is taken away', async (t) => {
  const { stdout } = await run('/usr/bin/env', [], { env: { HOME: undefined } });
  t.notMatch(stdout, /^HOME=/m);
});
