import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { identify, type ProcessId } from '../../src/lifecycle/process-id.ts';
import { watchOwner } from '../../src/lifecycle/watchdog.ts';
import { waitFor } from '../support/wait-for.ts';

interface Owner extends ProcessId {
  end(): Promise<unknown>;
}

function owner(t: { teardown(end: () => unknown): unknown }): Owner {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  const { pid, startTicks } = identify(child.pid ?? 0) as ProcessId;
  return {
    pid,
    startTicks,
    async end() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const quick = { graceMs: 200, intervalMs: 20 };

void t.test(
  'the run ends when its owner is gone for the grace period and no client was seen',
  async (t) => {
    const shell = owner(t);
    let seenMs = 0;
    let abandonedMs: number | undefined;
    const dog = watchOwner({
      ...quick,
      owner: shell,
      lastClientSeenMs: () => seenMs,
      onAbandoned: () => (abandonedMs = Date.now()),
    });
    t.teardown(() => dog.stop());
    await shell.end();
    const goneMs = Date.now();
    seenMs = goneMs + 150;
    await waitFor(() => abandonedMs !== undefined, { deadlineMs: 3000 });
    t.ok((abandonedMs ?? 0) - goneMs >= 350, 'a client that was seen puts it off');
  },
);

void t.test(
  'a reused pid is not the owner, and one that was gone before counts as gone',
  async (t) => {
    const shell = owner(t);
    const abandoned = Promise.withResolvers<void>();
    const dog = watchOwner({
      ...quick,
      owner: { pid: shell.pid, startTicks: shell.startTicks + 1 },
      lastClientSeenMs: () => 0,
      onAbandoned: abandoned.resolve,
    });
    t.teardown(() => dog.stop());
    await abandoned.promise;
    t.pass('ended');
  },
);

void t.test('a later phase takes over, and none is for ever', async (t) => {
  const [first, second] = [owner(t), owner(t)];
  let abandoned = 0;
  const dog = watchOwner({
    ...quick,
    owner: first,
    lastClientSeenMs: () => 0,
    onAbandoned: () => (abandoned += 1),
  });
  t.teardown(() => dog.stop());
  dog.adopt(second);
  await first.end();
  await new Promise((resolve) => setTimeout(resolve, 400));
  t.equal(abandoned, 0, 'the first is not watched any more');
  dog.adopt(undefined);
  await second.end();
  await new Promise((resolve) => setTimeout(resolve, 400));
  t.equal(abandoned, 0, 'without an owner it goes on');
  dog.adopt(second);
  await waitFor(() => abandoned === 1, { deadlineMs: 3000 });
});
