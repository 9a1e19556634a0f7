import '../../tailnet/inside.ts';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import t from 'tap';
import { createHookWorld, hookShells } from '../../fakes/hook-world.ts';
import { useTailnet } from '../../tailnet/use-tailnet.ts';

t.setTimeout(200_000);
const tailnet = await useTailnet(t);

/** The parts of the way on, as `up` tells them under TRACE: at each the run ends. */
const moments = ['registration sent', 'registered', 'first netmap', 'running'];

async function namesOf(prefix: string): Promise<string[]> {
  return (await tailnet.listNodes())
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix));
}

for (const how of ['SIGTERM', 'down'] as const) {
  void t.test(`${how} at any moment of up leaves no node on the tailnet`, async (t) => {
    for (const [at, moment] of moments.entries()) {
      const world = await createHookWorld(t, tailnet.facts);
      const name = `left-${how.toLowerCase()}-${at}`;
      const hook = world.startHook(hookShells.dash, 'exec spacetail up', {
        TRACE: '1',
        TS_HOSTNAME: name,
      });
      hook.stdout.resume();
      const ended = once(hook, 'exit');
      for await (const line of createInterface(hook.stderr)) {
        if (!line.includes(`- ${moment} (`)) continue;
        if (how === 'SIGTERM') hook.kill('SIGTERM');
        else t.equal((await world.cli('down')).code, 0);
        break;
      }
      hook.stderr.resume();
      await ended;
      await world.cli('down');
      t.same(await namesOf(name), [], moment);
      t.same(world.left(), []);
    }
  });
}

void t.test('a state on the disk does not keep the node on the tailnet', async (t) => {
  const world = await createHookWorld(t, tailnet.facts);
  const env = { TS_HOSTNAME: 'kept-state', TS_STATE_DIR: `${world.folder}/state` };
  const up = await world.hook(hookShells.dash, 'spacetail up', env);
  t.equal(up.code, 0, up.stderr);
  t.same(await namesOf('kept-state'), ['kept-state']);
  t.equal((await world.hook(hookShells.dash, 'spacetail down', env)).code, 0);
  t.same(await namesOf('kept-state'), []);
});
