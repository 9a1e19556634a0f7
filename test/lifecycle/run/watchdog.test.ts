import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { identify, type ProcessId } from '../../../src/lifecycle/folder/process-id.ts';
import { watchOwner } from '../../../src/lifecycle/run/watchdog.ts';
import { waitFor } from '../../support/wait-for.ts';

interface Owner extends ProcessId {
  end(): Promise<void>;
}

function owner(t: { teardown(end: () => unknown): unknown }): Owner {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  const { pid, startTicks } = identify(child.pid ?? 0) as ProcessId;
  return {
    pid,
    startTicks,
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
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

void t.test('a shell that found the run is an owner too, and the last one counts', async (t) => {
  const [first, second] = [owner(t), owner(t)];
  const abandoned = Promise.withResolvers<void>();
  let ended = false;
  const dog = watchOwner({
    ...quick,
    owner: first,
    lastClientSeenMs: () => 0,
    onAbandoned() {
      ended = true;
      abandoned.resolve();
    },
  });
  t.teardown(() => dog.stop());
  dog.adopt(second);
  await second.end();
  await sleep(400);
  t.notOk(ended, 'the first still runs');
  await first.end();
  await abandoned.promise;
  t.ok(ended);
});

void t.test('a run without an owner has no end by itself, whoever finds it', async (t) => {
  const shell = owner(t);
  for (const [atStart, later] of [
    [undefined, shell],
    [shell, undefined],
  ] as const) {
    let ended = false;
    const dog = watchOwner({
      ...quick,
      owner: atStart,
      lastClientSeenMs: () => 0,
      onAbandoned: () => (ended = true),
    });
    t.teardown(() => dog.stop());
    dog.adopt(later);
    await shell.end();
    await sleep(400);
    t.notOk(ended);
  }
});
