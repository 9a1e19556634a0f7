import t from 'tap';
import { run } from '../../src/commands/wait.ts';
import { commandIo } from '../support/command-io.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

void t.test('wait blocks until the run is ready', async (t) => {
  const asked = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<unknown>();
  const { env } = await standInSupervisor(t, {
    operations: {
      wait: () => {
        asked.resolve();
        return ready.promise;
      },
    },
  });
  const waiting = run({}, commandIo(env).io);
  await asked.promise;
  t.equal(await Promise.race([waiting, Promise.resolve('still waiting')]), 'still waiting');
  ready.resolve({ kind: 'ready' });
  t.equal(await waiting, 0);
});

void t.test('wait fails as up does, with its error and exit code', async (t) => {
  const error = { code: 'up_timeout', message: 'not ready within 60 s: login', hint: 'look' };
  const { env } = await standInSupervisor(t, {
    operations: { wait: async () => ({ kind: 'failed', error }) },
  });
  await t.rejects(run({}, commandIo(env).io), {
    code: 'up_timeout',
    exitCode: 124,
    message: error.message,
  });
});

void t.test('a run that ends meanwhile, and none at all, are exit 1', async (t) => {
  const { env } = await standInSupervisor(t, { operations: { wait: async () => null } });
  await t.rejects(run({}, commandIo(env).io), { code: 'up_interrupted', exitCode: 1 });
  await t.rejects(run({}, commandIo({ SPACETAIL_RUNTIME_DIR: tmpFolder(t) }).io), {
    code: 'not_up',
    exitCode: 1,
  });
});
