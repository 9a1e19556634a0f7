/** Runs of an OpenTofu stack whose backend and providers live on the tailnet, by a worker with a given shell. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { openDoor, type Door } from '../clients/door.ts';
import { ensureParts } from '../clients/parts.ts';
import { backendBlock, restapiBlock, tofuEnvironment, tofuParts } from '../clients/tofu.ts';
import {
  type ObjectServer,
  startObjectServer,
  startStateServer,
  type StateServer,
} from '../clients/tofu-servers.ts';
import { spacetailFor } from '../integration/spacetail.ts';
import { waitFor } from '../support/wait-for.ts';
import type { TailnetAccess } from '../tailnet/access.ts';
import type { HookShell } from './hook-world.ts';
import { bashImageHooks, contextHooks, type Hooks } from './phase-script.ts';
import { containerVariables, createWorker, type PhaseResult, type Worker } from './worker.ts';

const hookSets: readonly (readonly [name: string, hooks: Hooks])[] = [
  ["the bash image's five lines", bashImageHooks],
  ["the Terraform module's hooks", contextHooks],
];

interface Run {
  readonly worker: Worker;
  readonly state: StateServer;
  readonly api: ObjectServer;
  /** The node's name while it is up. */
  readonly hostname: string;
  /** One for the state, one for the API, one for the origin. */
  readonly doors: readonly Door[];
}

/** A worker with a stack of one object, one data source and a state, all on the node `web`. */
async function createRun(
  t: Test,
  tailnet: TailnetAccess,
  { shell, hooks, dataPath = '/echo' }: { shell: HookShell; hooks: Hooks; dataPath?: string },
): Promise<Run> {
  const { facts } = tailnet;
  const hostname = `worker-${shell[1]}-${hooks === contextHooks ? 'module' : 'image'}`;
  const parts = await ensureParts(tofuParts);
  const spacetail = await spacetailFor(t, facts, {
    ...containerVariables,
    SPACETAIL_OWNER_GRACE: '5s',
    TS_HOSTNAME: hostname,
  });
  symlinkSync(parts.tofu, join(spacetail.folder, 'bin/tofu'));
  const doors: Door[] = [];
  const host = `web.${facts.baseDomain}`;
  const open = async (servicePort: number): Promise<number> => {
    const door = await openDoor(t, servicePort);
    doors.push(door);
    return door.port;
  };
  const stage = { teardown: (callback: () => unknown) => t.teardown(callback), facts, host, open };
  const state = await startStateServer(stage, { isTls: true });
  const api = await startObjectServer(stage, { isTls: true });
  const data = `http://${host}:${await open(facts.tailnetOrigin.http)}${dataPath}`;
  const env = await tofuEnvironment(spacetail.folder, parts, facts.caFile);
  const worker = await createWorker(t, { shell, hooks, env: { ...spacetail.env, ...env } });
  mkdirSync(join(worker.workspace, 'source'));
  writeFileSync(
    join(worker.workspace, 'source/main.tf'),
    `${backendBlock(state)}${restapiBlock(api.url)}
data "http" "node" {
  url = "${data}"
}
resource "restapi_object" "one" {
  path = "/objects"
  data = jsonencode({ id = "one", origin = jsondecode(data.http.node.body).origin })
}
`,
  );
  return { worker, state, api, hostname, doors };
}

/** A command of a phase. */
export const tofu = (args: string): string => `cd /mnt/workspace/source && tofu ${args}`;

/** A phase is over as a worker needs it to be. */
export function checkPhase(
  t: Test,
  run: Pick<Run, 'worker' | 'state'>,
  name: string,
  result: PhaseResult,
  code: number,
): void {
  t.equal(result.code, code, `${name}: its exit code`, { output: result.output });
  t.notOk(result.timedOut, `${name}: its pipe ends`);
  t.strictSame(result.left, [], `${name}: nothing runs on`);
  t.notOk(run.state.isLocked(), `${name}: the state is not locked`);
  const saved = existsSync(run.worker.savedEnvironment)
    ? readFileSync(run.worker.savedEnvironment, 'utf8')
    : '';
  t.notMatch(saved, /127\.0\.0\.1:8080/, `${name}: the saved environment has no proxy of ours`);
}

/** The node is gone from the tailnet, and all that the run asked for went by the tailnet. */
export async function checkEnd(
  t: Test,
  tailnet: TailnetAccess,
  { hostname, doors }: Pick<Run, 'hostname' | 'doors'>,
): Promise<void> {
  await tailnet.untilListed((nodes) => nodes.every(({ name }) => name !== hostname), 20_000);
  const visitors = doors.flatMap((door) => door.visitors());
  t.ok(visitors.length > 0, `${visitors.length} connections`);
  t.ok(
    visitors.every((visitor) => visitor === 'web'),
    "all of them from the node's tailscaled",
  );
}

export function testWorker(t: Test, tailnet: TailnetAccess, shell: HookShell): void {
  for (const [what, hooks] of hookSets) {
    void t.test(`${shell[0]}, ${what}: init, plan, a pause, apply, destroy`, async (t) => {
      const run = await createRun(t, tailnet, { shell, hooks });
      const { worker, state, api } = run;
      checkPhase(t, run, 'init', await worker.runPhase(tofu('init')), 0);
      checkPhase(t, run, 'plan', await worker.runPhase(tofu('plan -out=plan')), 0);
      await worker.pause();
      checkPhase(t, run, 'apply', await worker.runPhase(tofu('apply plan')), 0);
      t.match(api.objects.get('one'), { id: 'one', origin: 'tailnet' });
      t.equal(state.resources(), 2);
      const destroyed = await worker.runPhase(tofu('destroy -auto-approve'));
      checkPhase(t, run, 'destroy', destroyed, 0);
      t.equal(api.objects.size, 0);
      await checkEnd(t, tailnet, run);
    });

    void t.test(`${shell[0]}, ${what}: a plan that fails`, async (t) => {
      const run = await createRun(t, tailnet, { shell, hooks, dataPath: '/status/500' });
      const { worker } = run;
      checkPhase(t, run, 'init', await worker.runPhase(tofu('init')), 0);
      const plan = await worker.runPhase(tofu('plan -out=plan'));
      checkPhase(t, run, 'plan', plan, 1);
      t.match(plan.output, /Response code: 500/);
      await checkEnd(t, tailnet, run);
    });

    void t.test(`${shell[0]}, ${what}: a run that is cancelled while it applies`, async (t) => {
      const run = await createRun(t, tailnet, { shell, hooks });
      checkPhase(t, run, 'init', await run.worker.runPhase(tofu('init')), 0);
      await checkCancel(t, tailnet, run, 'SIGTERM');
      await checkCancel(t, tailnet, run, 'SIGINT');
    });
  }
}

/**
 * OpenTofu finishes what it has begun when it is told to stop. That needs the bridge to outlive the shell: its EXIT trap
 * may have called `down` by now, or it has died without a word.
 */
async function checkCancel(
  t: Test,
  tailnet: TailnetAccess,
  run: Run,
  signal: 'SIGTERM' | 'SIGINT',
): Promise<void> {
  const { worker, state, api } = run;
  const creating = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  api.onCreate = () => {
    creating.resolve();
    return goOn.promise;
  };
  state.granted.splice(0);
  // Gone behind OpenTofu's back, if it was there: it has to be created.
  api.objects.clear();
  const phase = await worker.startPhase(tofu('apply -auto-approve'));
  await creating.promise;
  phase.cancel(signal);
  await phase.printed(/Interrupt received/);
  goOn.resolve();
  const { code, output, timedOut } = await phase.result;
  t.not(code, 0, `${signal}: ${output}`);
  t.notOk(timedOut, `${signal}: its pipe ends`);
  t.ok(state.granted.includes('POST'), `${signal}: the state is written`);
  t.notOk(state.isLocked(), `${signal}: the lock is given back`);
  // SIGTERM may end the provider as well, before it has told of the object; it ignores SIGINT.
  t.ok(
    (state.resources() ?? 0) >= (signal === 'SIGINT' ? 2 : 1),
    `${signal}: so is what is known of`,
  );
  await waitFor(() => worker.commandLines().length === 0, {
    deadlineMs: 20_000,
    what: 'the end of all that the run has started',
  });
  await checkEnd(t, tailnet, run);
}
