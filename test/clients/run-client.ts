/** Plays one client against the tailnet: through the bridge, and the very same commands with the bridge stopped. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { spacetailFor } from '../integration/spacetail.ts';
import { type Finished, run } from '../support/run.ts';
import { tmpFolder, type HasTeardown } from '../support/tmp-folder.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import type { Client, Stage, Trial } from './client.ts';
import { type Door, openDoor } from './door.ts';
import type { Parts } from './parts.ts';

export interface TrialResult {
  readonly title: string;
  /** Empty when all is as it should be. */
  readonly faults: readonly string[];
  readonly seconds: number;
}

/** How clients say that nobody listens at the proxy's port, or that they found no other way. */
const nobodyThere =
  /refused|ECONNREFUSED|cannot connect|could(?: not|n't) connect|failed to connect|proxy|nothing answers|not_up|is not up|fetch failed|unreachable|Max retries|ConnectException/i;

const limitSeconds = 60;

/** @throws Error when the bridge or a server of the client does not start; what a trial does wrong is in its result */
export async function runClient(
  t: HasTeardown,
  client: Client,
  { facts, parts }: { readonly facts: TailnetFacts; readonly parts: Parts },
): Promise<readonly TrialResult[]> {
  const spacetail = await spacetailFor(t, facts);
  const doors: Door[] = [];
  const open = async (servicePort: number): Promise<number> => {
    const door = await openDoor(t, servicePort);
    doors.push(door);
    return door.port;
  };
  const host = `web.${facts.baseDomain}`;
  const stage: Stage = {
    teardown: (callback) => t.teardown(callback),
    facts,
    parts,
    host,
    folder: tmpFolder(t),
    http: `http://${host}:${await open(facts.tailnetOrigin.http)}`,
    https: `https://${host}:${await open(facts.tailnetOrigin.https)}`,
    open,
  };
  const trials = await client.prepare(stage);
  await spacetail.up();
  // `spacetail exec` finds the run up and leaves it up: all trials of a client share it.
  const environment = JSON.parse(
    (await spacetail.cli(['exec', '--', 'node', '-p', 'JSON.stringify(process.env)'])).stdout,
  ) as Record<string, string>;
  const play = (trial: Trial, command: readonly string[], base: Record<string, string>) =>
    playTrial(trial, command, base, mkdtempSync(join(spacetail.folder, 'trial-')));

  const through = new Map<Trial, Attempt>();
  for (const trial of trials) {
    for (const door of doors) door.forget();
    const finished = await play(
      trial,
      ['spacetail', 'exec', '--', ...trial.command],
      spacetail.env,
    );
    const visitors = doors.flatMap((door) => door.visitors());
    through.set(trial, { finished, visitors, faults: trial.faults?.() ?? [] });
  }
  await spacetail.cli(['down']);
  const results: TrialResult[] = [];
  for (const trial of trials) {
    for (const door of doors) door.forget();
    const finished = await play(trial, trial.command, environment);
    const without = { finished, faults: [], visitors: doors.flatMap((door) => door.visitors()) };
    results.push(judge(trial, through.get(trial) as Attempt, without));
  }
  return results;
}

interface Attempt {
  readonly finished: Finished;
  readonly visitors: readonly (string | null)[];
  readonly faults: readonly string[];
}

async function playTrial(
  trial: Trial,
  [file = '', ...args]: readonly string[],
  base: Record<string, string>,
  folder: string,
): Promise<Finished> {
  // A folder of its own: what the first attempt leaves must not be why the second one fails.
  const home = join(folder, 'home');
  mkdirSync(home);
  const env = { ...base, HOME: home, TMPDIR: folder, ...trial.env };
  // By timeout(1), which ends the whole process group: what a client has started must not hold the pipes.
  const limited = ['--kill-after=5', String(limitSeconds), file, ...args];
  return await run('timeout', limited, {
    cleanEnv: true,
    env,
    cwd: folder,
    timeoutMs: 2 * limitSeconds * 1000,
  });
}

function judge(trial: Trial, through: Attempt, without: Attempt): TrialResult {
  const faults = [...through.faults];
  const { finished, visitors } = through;
  const text = said(finished);
  if (finished.code !== 0) faults.push(`exit ${finished.code} with the bridge:\n${tail(text)}`);
  else if (!trial.expect.test(text)) faults.push(`wanted ${trial.expect}, got:\n${tail(text)}`);
  if (visitors.length === 0) faults.push('nobody came to the node');
  const strangers = visitors.filter((visitor) => visitor !== 'web');
  if (strangers.length > 0) faults.push(`${strangers.length} connections came another way`);

  const words = said(without.finished);
  if (without.finished.code === 0) faults.push('it works with the bridge stopped');
  else if (!(trial.withoutBridge ?? nobodyThere).test(words))
    faults.push(`with the bridge stopped it fails for another reason:\n${tail(words)}`);
  if (without.visitors.length > 0) faults.push('somebody came with the bridge stopped');
  return { title: trial.title, faults, seconds: finished.durationMs / 1000 };
}

const said = ({ stdout, stderr }: Finished): string => `${stdout}\n${stderr}`;

const tail = (text: string): string => text.trim().split('\n').slice(-25).join('\n');
