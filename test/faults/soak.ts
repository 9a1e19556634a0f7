/**
 * `make soak MINUTES=n`: one run of spacetail on the real tailnet with traffic by every door, a fault every few
 * seconds, and at the end the requests, the failures by cause, memory and files. Exits 1 on a failure that no
 * fault explains, on a byte that is not what was sent, and on growth.
 */
import '../tailnet/inside.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { spacetailFor } from '../integration/spacetail.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { normalRequest, supervisorPid, weigh, type Weight, weighBefore } from './afterwards.ts';
import { startFaultsOrigin } from './origin.ts';
import { soakFaults } from './soak-faults.ts';
import { minutes, runSoak, test } from './soak-run.ts';
import { turnedAway } from './turned-away.ts';
import { doors, type Outcome, transfer } from './transfer.ts';

/** Between the end of one fault and the beginning of the next, while traffic goes on undisturbed. */
const QUIET_MS = 3000;
/** A failure so soon after a fault's end is still the fault's. */
const AFTERMATH_MS = 500;
const RECOVER_MS = 60_000;
const SIZES = [500, 60_000, 1_500_000];
const SPARE_FDS = 12;
/** Growth from a quarter of the time to the end. */
const SPARE_MB = 80;

interface Failure {
  readonly atS: number;
  readonly cause: string;
  readonly isExplained: boolean;
  readonly outcome: Outcome;
}

async function soak(): Promise<boolean> {
  const tailnet = await startTailnet();
  test.teardown(() => tailnet.stop());
  const origin = await startFaultsOrigin();
  test.teardown(() => origin.close());
  const spacetail = await spacetailFor(test, tailnet.facts);
  await spacetail.up();
  const target = { host: 'web', port: origin.http };
  const world = { tailnet, spacetail, origin };
  const pid = supervisorPid(spacetail);

  /** All faults so far, with their times; the last one may be under way. */
  const history: { name: string; breaks: boolean; fromMs: number; toMs: number }[] = [];
  const failures: Failure[] = [];
  const weights: (Weight & { atS: number })[] = [];
  let requests = 0;
  let bytes = 0;
  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;

  const judge = (outcome: Outcome, fromMs: number): void => {
    const during = history.filter(({ toMs }) => toMs + AFTERMATH_MS >= fromMs);
    const isByPeer =
      outcome.kind === 'refused' &&
      outcome.why.includes('error=connection_refused') &&
      turnedAway(tailnet.nodes.web, Date.now() - outcome.ms) > 0;
    const breaking =
      during.find(({ breaks }) => breaks)?.name ??
      (isByPeer ? "turned away by the peer's tailscaled" : undefined);
    const isExplained = breaking !== undefined && !['altered', 'stuck'].includes(outcome.kind);
    const cause = breaking ?? (during.map(({ name }) => name).join(', ') || 'no fault');
    const atS = Math.round((performance.now() - startMs) / 1000);
    failures.push({ atS, cause, isExplained, outcome });
  };
  const traffic = async (seed: number): Promise<void> => {
    for (let round = seed; performance.now() < endMs; round += 1) {
      const door = doors[round % doors.length] ?? 'connect';
      const direction = round % 2 === 0 ? 'down' : 'up';
      const size = SIZES[Math.floor(round / 2) % SIZES.length] ?? 500;
      const fromMs = performance.now();
      const outcome = await transfer(spacetail, {
        ...target,
        door,
        direction,
        bytes: size,
        limitMs: 30_000,
      });
      requests += 1;
      if (outcome.kind === 'whole') bytes += size;
      else judge(outcome, fromMs);
      await sleep(outcome.kind === 'whole' ? 20 : 200);
    }
  };
  const faults = async (): Promise<void> => {
    for (let round = 0; performance.now() + QUIET_MS < endMs; round += 1) {
      await sleep(QUIET_MS);
      const fault = soakFaults[round % soakFaults.length];
      if (fault === undefined) break;
      const { name, breaks } = fault;
      const entry = { name, breaks, fromMs: performance.now(), toMs: Infinity };
      history.push(entry);
      await fault.act(world, round);
      const actedMs = performance.now();
      await waitFor(
        async () => {
          const outcome = await normalRequest(spacetail, target);
          return outcome.kind === 'whole' && outcome.ms < 1000;
        },
        { deadlineMs: RECOVER_MS, what: `an answer within a second after: ${name}` },
      );
      entry.toMs = performance.now();
      const { fds, residentMb } = weigh(pid);
      const atS = Math.round((entry.toMs - startMs) / 1000);
      weights.push({ fds, residentMb, atS });
      const recoveredMs = Math.round(entry.toMs - actedMs);
      console.log(
        `${atS} s: ${name}; answers after ${recoveredMs} ms; ${residentMb} MB, ${fds} fds`,
      );
    }
  };

  const before = await weighBefore(spacetail, target);
  await Promise.all([...[0, 1, 2, 3, 4, 5].map(traffic), faults()]);
  const settled = (): Weight | undefined => {
    const now = weigh(pid);
    return now.fds <= before.fds + SPARE_FDS ? now : undefined;
  };
  const after = await waitFor(settled, { deadlineMs: 30_000 }).catch(() => weigh(pid));
  const early = weights[Math.floor(weights.length / 4)] ?? before;

  const unexplained = failures.filter(({ isExplained }) => !isExplained);
  const byCause = Object.groupBy(failures, ({ cause, isExplained, outcome }) =>
    [isExplained ? 'explained' : 'UNEXPLAINED', cause, outcome.kind].join(': '),
  );
  console.log(
    `\n${requests} requests, ${Math.round(bytes / 1e6)} MB checked by hash, ${history.length} faults`,
  );
  console.log(`${failures.length} failures, ${unexplained.length} unexplained`);
  for (const [cause, list = []] of Object.entries(byCause))
    console.log(`  ${list.length} ${cause}`);
  console.log(`the peer's tailscaled turned ${turnedAway(tailnet.nodes.web)} connections away`);
  for (const { atS, outcome } of unexplained.slice(0, 20)) {
    console.log(`  ${atS} s: ${JSON.stringify(outcome)}`);
  }
  console.log(
    `resident MB: ${before.residentMb} before, ${early.residentMb} early, ${after.residentMb} after`,
  );
  console.log(`fds: ${before.fds} before, ${after.fds} after`);
  const down = await spacetail.cli(['down', '--strict']);
  console.log(`down --strict: exit ${down.code}`);
  const problems = [
    unexplained.length > 0 && 'unexplained failures',
    requests - failures.length < minutes * 60 && 'fewer than a whole transfer a second',
    after.fds > before.fds + SPARE_FDS && 'files are left open',
    after.residentMb > early.residentMb + SPARE_MB && 'memory grows',
    history.length === 0 && 'no fault was brought about',
    down.code !== 0 && `down left something: ${down.stderr}`,
  ].filter((problem) => problem !== false);
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  return problems.length === 0;
}

await runSoak(soak);
