/** What has to be true after every fault: a normal request is answered, and nothing of the fault is left. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { waitFor } from '../support/wait-for.ts';
import { type Door, doors, type Outcome, transfer } from './transfer.ts';

/** Sockets kept for the next request, a log that is being rotated. */
const SPARE_FDS = 6;
/** V8 gives memory back late; a leak of one socket's buffers per connection of these tests is more. */
const SPARE_MB = 80;
const SETTLE_MS = 20_000;
const ANSWER_WITHIN_MS = 1000;

export interface Weight {
  readonly fds: number;
  readonly residentMb: number;
}

export function weigh(pid: number): Weight {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    fds: readdirSync(`/proc/${pid}/fd`).length,
    residentMb: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024),
  };
}

export interface Place {
  readonly runtimeDir: string;
  readonly httpPort: number;
  readonly socksPort: number;
}

export function supervisorPid({ runtimeDir }: Place): number {
  return Number(readFileSync(`${runtimeDir}/supervisor.pid`, 'utf8').split(' ')[0]);
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** A small transfer each way by one door. */
export async function normalRequest(
  place: Place,
  target: Target,
  door: Door = 'forward',
): Promise<Outcome> {
  const wanted = { ...target, door, direction: 'down', bytes: 20_000, limitMs: 10_000 } as const;
  return await transfer(place, wanted);
}

/** After some requests, so that what is loaded once and kept is not taken for a leak. */
export async function weighBefore(place: Place, target: Target): Promise<Weight> {
  for (let round = 0; round < 5; round += 1) {
    for (const door of doors) await normalRequest(place, target, door);
  }
  return weigh(supervisorPid(place));
}

/**
 * @param recoverMs - how long it may take until a normal request is answered in less than a second
 */
export async function afterwards(
  t: Pick<Test, 'equal' | 'ok' | 'comment'>,
  place: Place,
  target: Target,
  before: Weight,
  recoverMs = 15_000,
): Promise<void> {
  const startedMs = performance.now();
  const tookMs: string[] = [];
  for (const door of doors) {
    let last: Outcome | undefined;
    const within = await waitFor(
      async () => {
        last = await normalRequest(place, target, door);
        return last.kind === 'whole' && last.ms < ANSWER_WITHIN_MS ? last : undefined;
      },
      { deadlineMs: recoverMs, what: `an answer within ${ANSWER_WITHIN_MS} ms` },
    ).catch(() => last);
    t.equal(within?.kind, 'whole', `${door}: ${JSON.stringify(within)}`);
    tookMs.push(`${door} ${within?.ms} ms`);
  }
  const recoveredMs = Math.round(performance.now() - startedMs);
  const pid = supervisorPid(place);
  const settled = (): Weight | undefined => {
    const now = weigh(pid);
    const isSettled =
      now.fds <= before.fds + SPARE_FDS && now.residentMb <= before.residentMb + SPARE_MB;
    return isSettled ? now : undefined;
  };
  const now = await waitFor(settled, { deadlineMs: SETTLE_MS, intervalMs: 100 }).catch(() =>
    weigh(pid),
  );
  t.ok(now.fds <= before.fds + SPARE_FDS, `fds: ${before.fds} before, ${now.fds} after`);
  t.ok(
    now.residentMb <= before.residentMb + SPARE_MB,
    `resident MB: ${before.residentMb} before, ${now.residentMb} after`,
  );
  t.comment(
    `answered by ${tookMs.join(', ')}, all after ${recoveredMs} ms; fds ${before.fds} -> ${now.fds}, MB ${before.residentMb} -> ${now.residentMb}`,
  );
}
