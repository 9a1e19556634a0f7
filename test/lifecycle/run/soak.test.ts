import '../../tailnet/inside.ts';
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { createHookWorld, hookShells } from '../../fakes/hook-world.ts';
import { waitFor } from '../../support/wait-for.ts';
import { commandLines } from '../../tailnet/processes.ts';
import { useTailnet } from '../../tailnet/use-tailnet.ts';

/** `SPACETAIL_SOAK_CYCLES=50` for the long one. */
const cycles = Number(process.env['SPACETAIL_SOAK_CYCLES'] ?? 3);

t.setTimeout(20_000 + cycles * 15_000);
const tailnet = await useTailnet(t);

function residentKilobytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function socketsOf(folder: string): string[] {
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .filter((line) => line.includes(folder));
}

void t.test(`${cycles} cycles of up, request and down leave nothing`, async (t) => {
  const world = await createHookWorld(t, tailnet.facts);
  const nodesBefore = (await tailnet.listNodes()).length;
  const sizes: number[] = [];
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const up = await world.hook(
      hookShells.dash,
      'spacetail up && curl -sS --proxy "http://$SPACETAIL_HTTP_LISTEN" http://web/; :',
      { SPACETAIL_OWNER_PID: '0' },
    );
    t.match(up.stdout, /hello from tailnet/, up.stderr);
    const supervisor = await world.supervisor();
    sizes.push(residentKilobytes(supervisor?.pid ?? 0));
    const down = await world.cli('down');
    t.equal(down.code, 0, down.stderr);
    t.strictSame(world.left(), []);
  }
  t.strictSame(
    commandLines().filter((line) => line.includes(world.folder)),
    [],
    'no process',
  );
  t.strictSame(socketsOf(world.folder), [], 'no socket');
  await tailnet.untilListed((nodes) => nodes.length === nodesBefore);
  t.comment(`resident after up, MB: ${sizes.map((size) => Math.round(size / 1024)).join(' ')}`);
  t.ok((sizes.at(-1) ?? 0) < (sizes[0] ?? 0) * 1.3, 'the supervisor does not grow from run to run');
});

void t.test('the real tailscaled does not outlive a killed supervisor', async (t) => {
  const world = await createHookWorld(t, tailnet.facts);
  await world.hook(hookShells.dash, 'spacetail up; :', { SPACETAIL_OWNER_PID: '0' });
  const supervisor = await world.supervisor();
  process.kill(supervisor?.pid ?? 0, 'SIGKILL');
  await waitFor(() => !commandLines().some((line) => line.includes(world.runtimeDir)), {
    what: 'the end of tailscaled',
  });
  t.ok(readdirSync(world.runtimeDir).includes('supervisor.pid'), 'it could not clean up');
  const down = await world.cli('down');
  t.equal(down.code, 0);
  t.strictSame(world.left(), []);
});
