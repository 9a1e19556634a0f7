/**
 * `make soak-preconnect MINUTES=n`: dial ahead (SPACETAIL_PRECONNECT) against origins that close, reset, speak first,
 * never answer, refuse and die, beside more good ones than there may be spares, while nodes come and go. The origins
 * count what reaches them. Exits 1 where more was dialled or kept open than docs/preconnect.md says, or where the
 * metrics say another number than the origins.
 */
import '../tailnet/inside.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectedOf, spareCounts } from '../integration/spare-counts.ts';
import { spacetailFor } from '../integration/spacetail.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { supervisorPid, weigh } from './afterwards.ts';
import { endAtOnce, mostToDying, wasTriedAgain } from './end-at-once.ts';
import { minutes, runSoak, test } from './soak-run.ts';
import { askOnce } from './spare-client.ts';
import { type Kind, spareOrigin, temperaments } from './spare-origins.ts';

const MOST_SPARES = 16;
const BAD_OF_EACH_KIND = 3;
const GOOD = 14;
const CLIENTS = 6;
/** A spare is closed after 15 s, and that takes a moment to reach the origin. */
/** Dials ahead of which a slow one may have reached the origin by both addresses of a node. */
const RACED = 2;
const UNUSED_MS = 15_000;
const REACH_MS = 5000;
const SPARE_FDS = 12;

/** Times in whole seconds from the start. */
function perSecond(timesMs: readonly number[], startMs: number): number[] {
  const counts: number[] = [];
  for (const ms of timesMs) {
    const at = Math.floor((ms - startMs) / 1000);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return Array.from(counts, (count) => count ?? 0);
}

async function soak(): Promise<boolean> {
  const tailnet = await startTailnet();
  test.teardown(() => tailnet.stop());
  const spacetail = await spacetailFor(test, tailnet.facts, { SPACETAIL_PRECONNECT: '**' });
  await spacetail.up();
  const kinds = (Object.keys(temperaments) as Kind[]).filter((kind) => !kind.endsWith('AtOnce'));
  const each = kinds.flatMap((kind) =>
    Array.from({ length: kind === 'well' ? GOOD : BAD_OF_EACH_KIND }, () => kind),
  );
  const origins = await Promise.all(each.map((kind) => spareOrigin(test, kind)));
  const fdsBefore = weigh(supervisorPid(spacetail)).fds;
  const problems: string[] = [];
  const begunAtMs: number[] = [];
  const openNow = () => origins.reduce((sum, { open }) => sum + open.size, 0);
  const acceptedNow = () => origins.reduce((sum, { acceptedAtMs }) => sum + acceptedAtMs.length, 0);
  /** Clients that are over leave only spares, and the metrics say how many. */
  const settled = async (when: string): Promise<void> => {
    let said = '';
    await waitFor(
      async () => {
        const { open } = await spareCounts(spacetail);
        said = `${openNow()} connections are open at the origins, ${open} spares by the metrics`;
        return openNow() === open && open <= MOST_SPARES;
      },
      { deadlineMs: REACH_MS },
    ).catch(() => problems.push(`${when}: ${said}`));
  };

  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  let rounds = 0;
  let mostOpen = 0;
  let changes = 0;
  const round = async (): Promise<void> => {
    const queue = [...origins];
    const client = async (): Promise<void> => {
      for (let origin = queue.pop(); origin !== undefined; origin = queue.pop()) {
        begunAtMs.push(performance.now());
        await askOnce(spacetail.httpPort, origin, begunAtMs.length);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    rounds += 1;
    await settled(`after round ${rounds}`);
    mostOpen = Math.max(mostOpen, openNow());
  };
  const traffic = async (): Promise<void> => {
    while (performance.now() < endMs) await round();
  };
  const netmap = async (): Promise<void> => {
    for (; performance.now() < endMs; changes += 1) {
      const late = await tailnet.joinNode(`late-${changes}`);
      await sleep(500);
      await late.stop();
      if (performance.now() < endMs) await sleep(4000);
    }
  };
  await Promise.all([traffic(), netmap()]);
  // With nobody coming or going: what they leave has to be ended by its age. The last node's going may still be on its way.
  let restS = 0;
  for (let rests = 0, expired = 0; rests < 3 && expired === 0; rests += 1) {
    for (let more = 0; more < 3; more += 1) await round();
    const acceptedAfter = acceptedNow();
    const atRest = performance.now();
    await waitFor(async () => openNow() === 0 && (await spareCounts(spacetail)).open === 0, {
      deadlineMs: UNUSED_MS + REACH_MS,
      what: 'the end of every unused spare',
    }).catch((error: unknown) => problems.push(String(error)));
    restS = (performance.now() - atRest) / 1000;
    if (acceptedNow() !== acceptedAfter)
      problems.push(`${acceptedNow() - acceptedAfter} dials without any request`);
    expired = (await spareCounts(spacetail)).closed['expired'] ?? 0;
  }

  const requests = begunAtMs.length;
  const log = await waitFor(
    () => (spacetail.accessLog().length >= requests ? spacetail.accessLog() : undefined),
    { what: `${requests} lines in the log` },
  );
  /** Dials of requests themselves that may have reached the origin: of each address that was tried. */
  const freshTo = (port: number) =>
    log
      .filter(
        (line) =>
          line['port'] === port &&
          line.status === 200 &&
          line['preconnect'] !== true &&
          line['error'] !== 'connection_refused',
      )
      .reduce((sum, line) => sum + Number(line['tried'] ?? 1), 0);
  const counts = await spareCounts(spacetail);
  const aheadOf = origins.map(({ port, acceptedAtMs }) => acceptedAtMs.length - freshTo(port));
  const ahead = aheadOf.reduce((sum, count) => sum + count, 0);
  // One that the netmap ended while it was dialled, or that took too long, may have reached nobody.
  const unsure = (counts.closed['netmap'] ?? 0) + (counts.closed['unfit'] ?? 0);
  const metrics = connectedOf(counts);
  // Two more of each client's dial that was asked after and repeated; and a spare's dial that failed may have reached
  // its origin all the same: tailscaled gives up dials while its netmap changes.
  const again = log.filter((line) => line.status === 200 && wasTriedAgain(line));
  const most = metrics + 2 * again.length + (counts.closed['dial_failed'] ?? 0);
  // A request's other address may have been given up before it reached the origin.
  const maybe = log.reduce((sum, line) => sum + Number(line['tried'] ?? 1) - 1, 0);
  if (ahead > most || ahead < metrics - unsure - maybe)
    problems.push(
      `${ahead} dials ahead by the origins, ${metrics} by the metrics, ${unsure} unsure, ${again.length} tried again`,
    );
  const seconds = (performance.now() - startMs) / 1000;
  // Once it has spoken; a spare that the netmap ended before that has said nothing. A node comes, is online, goes.
  const mostToSpeaking = 1 + 3 * changes;
  for (const [at, { kind, port, acceptedAtMs }] of origins.entries()) {
    const dials = aheadOf[at] ?? 0;
    const asked = log.filter((line) => line['port'] === port).length;
    const most =
      kind === 'speaks'
        ? mostToSpeaking
        : kind === 'closes' || kind === 'resets'
          ? mostToDying(seconds)
          : asked;
    if (dials > most + RACED || dials < -maybe || acceptedAtMs.length > 2 * asked + maybe)
      problems.push(`${kind}: ${dials} dials ahead for ${asked} requests, at most ${most}`);
  }
  const dialsPerS = perSecond(
    origins.flatMap(({ acceptedAtMs }) => acceptedAtMs),
    startMs,
  );
  const requestsPerS = perSecond(begunAtMs, startMs);
  for (const [at, dials] of dialsPerS.entries()) {
    const asked = (requestsPerS[at] ?? 0) + (requestsPerS[at - 1] ?? 0);
    if (dials > 2 * asked)
      problems.push(`second ${at}: ${dials} dials, ${asked} requests in it and the one before`);
  }
  const { fds } = weigh(supervisorPid(spacetail));
  if (fds > fdsBefore + SPARE_FDS) problems.push(`fds: ${fdsBefore} before, ${fds} after`);
  const isTried =
    counts.used > 0 &&
    (counts.closed['expired'] ?? 0) > 0 &&
    changes > 0 &&
    mostOpen === MOST_SPARES;
  if (!isTried) problems.push('not all of it was tried');

  console.log(`${rounds} rounds, ${requests} requests, ${changes} nodes came and went`);
  for (const kind of kinds) {
    const of = (what: (at: number) => number) =>
      origins.reduce((sum, one, at) => sum + (one.kind === kind ? what(at) : 0), 0);
    const accepted = of((at) => origins[at]?.acceptedAtMs.length ?? 0);
    console.log(`  ${kind}: ${accepted} dials, ${of((at) => aheadOf[at] ?? 0)} of them ahead`);
  }
  console.log(
    `dials a second at the origins: ${Math.max(...dialsPerS)} at most, for ${Math.max(...requestsPerS)} requests`,
  );
  console.log(`spares open at the origins: ${mostOpen} at most, none ${restS.toFixed(1)} s later`);
  console.log(
    `dialled ahead: ${ahead} by the origins, ${metrics} by the metrics, ${again.length} client's dials tried again`,
  );
  console.log(JSON.stringify(counts));
  problems.push(...(await endAtOnce(test, spacetail)));
  const down = await spacetail.cli(['down', '--strict']);
  if (down.code !== 0) problems.push(`down left something: ${down.stderr}`);
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  return problems.length === 0;
}

await runSoak(soak);
