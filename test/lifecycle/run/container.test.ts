import '../../tailnet/inside.ts';
import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createHookWorld } from '../../fakes/hook-world.ts';
import { useTailnet } from '../../tailnet/use-tailnet.ts';

t.setTimeout(100_000);
const tailnet = await useTailnet(t);

void t.test(
  'a poor container: cwd deleted, HOME unset, umask 000, no ps, PID namespace without init',
  async (t) => {
    const world = await createHookWorld(t, tailnet.facts);
    const home = join(world.folder, 'gone');
    mkdirSync(home);
    const script = `umask 000; cd gone; rmdir ../gone; unset HOME
    spacetail up; echo "up $?"; spacetail status >/dev/null; echo "status $?"; spacetail down; echo "down $?"`;
    const bare = join(world.folder, 'bin');
    for (const tool of ['sh', 'rmdir']) symlinkSync(`/bin/${tool}`, join(bare, tool));
    const done = await world.hook(
      ['a namespace', 'unshare', '--pid', '--fork', '--mount-proc', 'sh', '-c'],
      `PATH='${bare}'; ${script}`,
    );
    t.equal(done.stdout, 'up 0\nstatus 0\ndown 0\n', done.stderr);
    t.equal(lstatSync(world.runtimeDir).mode & 0o777, 0o700);
    t.strictSame(world.left(), []);
  },
);

void t.test(
  'a symlink planted at the runtime folder is refused, and where it points is not touched',
  async (t) => {
    const world = await createHookWorld(t, tailnet.facts);
    const target = join(world.folder, 'target');
    mkdirSync(target, { mode: 0o700 });
    symlinkSync(target, world.runtimeDir);
    const done = await world.cli('up');
    t.equal(done.code, 1);
    t.match(done.stderr, /is a link or a file, not a folder/);
    t.equal((await world.cli('down')).code, 0);
    t.notOk(existsSync(join(target, 'supervisor.pid')));
  },
);

void t.test('a foreign tailscaled is untouched', async (t) => {
  const world = await createHookWorld(t, tailnet.facts);
  const node = await tailnet.joinNode('foreign');
  t.teardown(() => node.stop());
  await world.cli('up');
  await world.cli('down');
  const nodes = await tailnet.listNodes();
  t.ok(nodes.some((each) => each.name === 'foreign' && each.online));
});
