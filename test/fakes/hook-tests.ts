import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { isRunning, readProcess } from '../../src/lifecycle/folder/process-id.ts';
import { waitFor } from '../support/wait-for.ts';
import type { TailnetAccess } from '../tailnet/access.ts';
import { createHookWorld, type HookShell } from './hook-world.ts';

/** Whether the shell waits for its `sleep`. */
function sleepsUnder(shellPid: number): boolean {
  return readdirSync('/proc').some((name) => {
    const stat = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    return (
      stat?.parentPid === shellPid &&
      readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('sleep\0')
    );
  });
}

/** What a hook may do to a run, in the shell that a worker starts it with. */
export function testHooks(t: Test, tailnet: TailnetAccess, shell: HookShell): void {
  const [name] = shell;

  void t.test(`${name}: down without up, up twice, down twice`, async (t) => {
    const world = await createHookWorld(t, tailnet.facts);
    const done = await world.hook(
      shell,
      `spacetail down; echo "down $?"
       spacetail up; echo "up $?"
       spacetail up; echo "again $?"
       spacetail down; echo "down $?"
       spacetail down; echo "down $?"`,
    );
    t.equal(done.stdout, 'down 0\nup 0\nagain 0\ndown 0\ndown 0\n', done.stderr);
    t.match(done.stderr, /already up as .* \(pid \d+\)/);
    t.strictSame(world.left(), []);
  });

  void t.test(`${name}: of two at once one wins and both exit 0`, async (t) => {
    const world = await createHookWorld(t, tailnet.facts);
    const done = await world.hook(
      shell,
      `spacetail up & first=$!; spacetail up & second=$!
       wait $first; echo "first $?"; wait $second; echo "second $?"
       spacetail down`,
    );
    t.equal(done.stdout, 'first 0\nsecond 0\n', done.stderr);
    t.equal(done.stderr.match(/already up as/g)?.length, 1, done.stderr);
    t.strictSame(world.left(), []);
  });

  void t.test(`${name}: down during up ends both, and up after kill -9 works`, async (t) => {
    const world = await createHookWorld(t, tailnet.facts);
    const done = await world.hook(
      shell,
      `spacetail up & up=$!
       while ! [ -S "$SPACETAIL_RUNTIME_DIR/control.sock" ]; do sleep 0.05; done
       spacetail down; echo "down $?"; wait $up; echo "up $?"
       spacetail up; kill -9 $(cut -d' ' -f1 "$SPACETAIL_RUNTIME_DIR/supervisor.pid")
       spacetail up; echo "up $?"; spacetail down; echo "down $?"`,
    );
    t.equal(done.stdout, 'down 0\nup 1\nup 0\ndown 0\n', done.stderr);
    t.match(done.stderr, /ended/);
    t.strictSame(world.left(), []);
  });

  void t.test(
    `${name}: the pipe reaches its end soon after the shell, though the run goes on, also when up failed`,
    async (t) => {
      const world = await createHookWorld(t, tailnet.facts);
      for (const [what, env] of [
        ['up succeeded', {}],
        ['up failed', { TS_AUTH_KEY: 'nonsense' }],
      ] as const) {
        const hook = world.startHook(shell, 'spacetail up; exit 0', env);
        hook.stdout.resume();
        hook.stderr.resume();
        const closed = once(hook, 'close');
        await once(hook, 'exit');
        const exitedMs = performance.now();
        await closed;
        t.ok(performance.now() - exitedMs < 10_000, what);
        t.equal((await world.supervisor()) !== undefined, what === 'up succeeded', what);
        await world.cli('down');
      }
    },
  );

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const) {
    void t.test(`${name}: ${signal} to the hook's shell ends the run`, async (t) => {
      const world = await createHookWorld(t, tailnet.facts);
      // One long child: a shell goes on after SIGINT when its child ends otherwise, or is not started yet.
      const script = `trap 'spacetail down' EXIT; spacetail up && echo ready; sleep 60`;
      const hook = world.startHook(shell, script, { SPACETAIL_OWNER_GRACE: '1s' });
      hook.stderr.resume();
      await once(hook.stdout, 'data');
      const supervisor = await world.supervisor();
      t.ok(supervisor !== undefined && isRunning(supervisor), 'it runs');
      await waitFor(() => sleepsUnder(hook.pid ?? 0), { what: 'the sleep of the hook' });
      const signalledMs = performance.now();
      process.kill(-(hook.pid ?? 0), signal);
      await once(hook, 'exit');
      await waitFor(() => supervisor !== undefined && !isRunning(supervisor), {
        what: 'the end of the run',
      });
      t.ok(performance.now() - signalledMs < 15_000, 'long before its sleep would end');
      t.strictSame(world.left(), []);
    });
  }

  void t.test(`${name}: exec as the last command, with the exit code of the command`, async (t) => {
    const world = await createHookWorld(t, tailnet.facts);
    const done = await world.hook(
      shell,
      `spacetail exec -- sh -c 'echo "$HTTP_PROXY|$TS_AUTH_KEY|"; exit 7'; echo "exit $?"
       exec spacetail exec sh -c 'kill -TERM $$'`,
    );
    t.match(done.stdout, /^http:\/\/127\.0\.0\.1:\d+\|\|\nexit 7\n$/);
    t.equal(done.code, 143, done.stderr);
    t.strictSame(world.left(), []);
  });
}
