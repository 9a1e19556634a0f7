/**
 * What the bridge is made for: an OpenTofu stack on Spacelift whose state and whose Nomad are on the tailnet. A real
 * Nomad, by OpenTofu's restapi provider and by its own command line, WebSocket included, in BusyBox ash as the image's user.
 */
import '../tailnet/inside.ts';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hookShells, type HookShell } from '../fakes/hook-world.ts';
import { contextHooks } from '../fakes/phase-script.ts';
import { containerVariables, createWorker } from '../fakes/worker.ts';
import { checkEnd, checkPhase, tofu } from '../fakes/worker-tests.ts';
import { spacetailFor } from '../integration/spacetail.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { openDoor, type Door } from './door.ts';
import { jobBlock, jobParts } from './nomad.ts';
import { startNomad } from './nomad-server.ts';
import { ensureParts } from './parts.ts';
import { backendBlock, restapiBlock, tofuEnvironment } from './tofu.ts';
import { startStateServer } from './tofu-servers.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;

/** In a user namespace of its own, so that there is a uid 1983 whoever runs the tests. */
const asSpacelift = ['unshare', '--user', '--map-user=1983', '--map-group=1983'] as const;
const [, ash, ...ashArguments] = hookShells.ash;
const shell: HookShell = ['BusyBox ash', ...asSpacelift, ash, ...ashArguments];

/** A task, as the operator of the stack starts it: each line is one use of Nomad's API. */
const look = `id -u
nomad job status by-tofu
until nomad job allocs by-tofu | grep -Eq 'running|failed'; do :; done
nomad alloc logs -f -job by-tofu | grep -m 2 -x 'still there'
echo 'there and back' | nomad alloc exec -i -t=false -job by-tofu sh -c 'cat; echo from the allocation; exit 7' || echo "exit $?"`;

void t.test('plan, apply, perform and destroy of a job on a Nomad of the tailnet', async (t) => {
  const hostname = 'spacelift-job';
  const parts = await ensureParts(jobParts);
  const spacetail = await spacetailFor(t, facts, {
    ...containerVariables,
    SPACETAIL_OWNER_GRACE: '5s',
    TS_HOSTNAME: hostname,
  });
  for (const name of ['tofu', 'nomad'] as const)
    symlinkSync(parts[name], join(spacetail.folder, 'bin', name));
  const doors: Door[] = [];
  const stage = {
    teardown: (callback: () => unknown) => t.teardown(callback),
    facts,
    parts,
    host: `web.${facts.baseDomain}`,
    folder: tmpFolder(t),
    async open(servicePort: number) {
      const door = await openDoor(t, servicePort);
      doors.push(door);
      return door.port;
    },
  };
  const state = await startStateServer(stage, { isTls: true });
  const address = await startNomad(stage, false);
  const env = {
    ...spacetail.env,
    ...(await tofuEnvironment(spacetail.folder, parts, facts.caFile)),
    NOMAD_ADDR: address,
  };
  const worker = await createWorker(t, { shell, hooks: contextHooks, env });
  const run = { worker, state, hostname, doors };
  mkdirSync(join(worker.workspace, 'source'));
  const stack = backendBlock(state) + restapiBlock(address, false) + jobBlock;
  writeFileSync(join(worker.workspace, 'source/main.tf'), stack);

  const play = async (name: string, command: string): Promise<string> => {
    const result = await worker.runPhase(command);
    checkPhase(t, run, name, result, 0);
    return result.output;
  };
  await play('init', tofu('init'));
  t.match(await play('plan', tofu('plan -out=plan')), /1 to add, 0 to change, 0 to destroy/);
  await worker.pause();
  t.match(await play('apply', tofu('apply plan')), /Resources: 1 added/);
  t.match(
    await play('perform', look),
    /1983\n[^]*Status +=[^]*still there\nstill there\n[^]*there and back\nfrom the allocation\nexit 7\n/,
  );
  t.match(await play('a plan after it', tofu('plan -detailed-exitcode')), /No changes/);
  t.match(await play('destroy', tofu('destroy -auto-approve')), /Resources: 1 destroyed/);
  t.match(await play('a look after it', 'nomad job status'), /No running jobs/);
  t.equal(state.resources(), 0);
  await checkEnd(t, tailnet, run);
});
