import '../tailnet/inside.ts';
import t from 'tap';
import { spacetailFor, type Spacetail } from '../integration/spacetail.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { afterwards, normalRequest, weighBefore } from './afterwards.ts';
import { startFaultsOrigin } from './origin.ts';
import { doors, type Outcome, transfer } from './transfer.ts';

/** How long a process is stopped, or headscale away; `SPACETAIL_FAULT_SECONDS=60` for the long one. */
const awayMs = Number(process.env['SPACETAIL_FAULT_SECONDS'] ?? 8) * 1000;
/** A connection that is begun while its peer says nothing. */
const connectTimeoutMs = 15_000;

t.setTimeout(300_000 + awayMs * 8);
const tailnet = await startTailnet();
t.teardown(() => tailnet.stop());
const origin = await startFaultsOrigin();
t.teardown(() => origin.close());
const spacetail = await spacetailFor(t, tailnet.facts);
await spacetail.up();
const target = { host: 'web', port: origin.http };
const slow = { ...target, direction: 'down', bytes: 6_400_000, everyMs: awayMs / 100 } as const;

async function tailscaledPid(from: Spacetail): Promise<number> {
  const { stdout } = await from.cli(['status', '--json']);
  return (JSON.parse(stdout) as { tailscaled: { pid: number } }).tailscaled.pid;
}

/** A slow download by each door, all of them under way when this returns. */
async function underWay(): Promise<Promise<Outcome>[]> {
  const started = doors.map((door) => {
    const begun = Promise.withResolvers<void>();
    const outcome = transfer(spacetail, { ...slow, door, onBytes: () => begun.resolve() });
    return { outcome, begun: Promise.race([begun.promise, outcome]) };
  });
  await Promise.all(started.map(({ begun }) => begun));
  return started.map(({ outcome }) => outcome);
}

const reached = (url: string): Promise<boolean> =>
  fetch(`${url}/health`).then(
    () => true,
    () => false,
  );

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

void t.test('tailscaled killed amid transfers: they are cut, and a new one joins', async (t) => {
  const before = await weighBefore(spacetail, target);
  const transfers = await underWay();
  process.kill(await tailscaledPid(spacetail), 'SIGKILL');
  t.strictSame(kinds(await Promise.all(transfers)), ['broken', 'broken', 'broken']);
  const meanwhile = await normalRequest(spacetail, target);
  t.match(meanwhile.kind, /whole|refused/, JSON.stringify(meanwhile));
  await afterwards(t, spacetail, target, before, 40_000);
});

void t.test('tailscaled stopped for a while: transfers go on where they were', async (t) => {
  const before = await weighBefore(spacetail, target);
  const transfers = await underWay();
  const pid = await tailscaledPid(spacetail);
  process.kill(pid, 'SIGSTOP');
  const wake = setTimeout(() => process.kill(pid, 'SIGCONT'), awayMs);
  t.teardown(() => clearTimeout(wake));
  const outcomes = await Promise.all(transfers);
  t.strictSame(kinds(outcomes), ['whole', 'whole', 'whole'], JSON.stringify(outcomes));
  await afterwards(t, spacetail, target, before);
});

void t.test('a peer stopped for a while: transfers go on, and new ones wait for it', async (t) => {
  const before = await weighBefore(spacetail, target);
  const transfers = await underWay();
  const { pid } = tailnet.nodes.web;
  process.kill(pid, 'SIGSTOP');
  const wake = setTimeout(() => process.kill(pid, 'SIGCONT'), awayMs);
  t.teardown(() => clearTimeout(wake));
  const begun = transfer(spacetail, { ...target, door: 'connect', direction: 'up', bytes: 99_999 });
  const outcomes = await Promise.all(transfers);
  t.strictSame(kinds(outcomes), ['whole', 'whole', 'whole'], JSON.stringify(outcomes));
  t.equal((await begun).kind, awayMs < connectTimeoutMs ? 'whole' : 'refused');
  await afterwards(t, spacetail, target, before);
});

void t.test('headscale and its relay away and back: the tailnet goes on without', async (t) => {
  const before = await weighBefore(spacetail, target);
  const transfers = await underWay();
  await tailnet.control.stop('SIGKILL');
  t.equal(await reached(tailnet.facts.loginServer), false, 'it is away');
  t.strictSame(kinds(await Promise.all(transfers)), ['whole', 'whole', 'whole']);
  for (const door of doors) {
    const up = await transfer(spacetail, { ...target, door, direction: 'up', bytes: 500_000 });
    t.equal(up.kind, 'whole', `a new connection by ${door}: ${JSON.stringify(up)}`);
  }
  await tailnet.control.start();
  await afterwards(t, spacetail, target, before);
});

void t.test('nodes that join and leave disturb no transfer', async (t) => {
  const before = await weighBefore(spacetail, target);
  const flapping = new AbortController();
  const transfers = doors.map(async (door) => {
    const outcomes: Outcome[] = [];
    while (!flapping.signal.aborted) {
      outcomes.push(await transfer(spacetail, { ...slow, door, everyMs: 10 }));
    }
    return outcomes;
  });
  for (let round = 0; round < 3; round += 1) {
    const node = await tailnet.joinNode(`flap-${round}`);
    await waitFor(
      async () =>
        (await normalRequest(spacetail, { ...target, host: `flap-${round}` })).kind === 'whole',
      { deadlineMs: 20_000, what: `an answer by flap-${round}` },
    );
    await node.stop();
  }
  flapping.abort();
  const outcomes = (await Promise.all(transfers)).flat();
  t.strictSame(
    outcomes.filter(({ kind }) => kind !== 'whole'),
    [],
    `${outcomes.length} transfers`,
  );
  const gone = await waitFor(
    async () => {
      const outcome = await normalRequest(spacetail, { ...target, host: 'flap-0' });
      return outcome.kind === 'refused' ? outcome : undefined;
    },
    { what: 'a refusal for a node that left' },
  );
  t.match(gone.why, /502|503/);
  await afterwards(t, spacetail, target, before);
});
