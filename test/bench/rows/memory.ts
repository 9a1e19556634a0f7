import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, directHost, measureAll } from '../bench.ts';
import { spreadOf } from '../figures.ts';
import { startSubject, type Subject } from '../subject.ts';
import type { Section } from '../table.ts';
import { residentKb } from '../usage.ts';

const lookEveryMs = 250;
/** Full buffers, and a heap that has been looked through, take their time. */
const longestSettleMs = 15_000;

/** Resident memory once it has stopped growing, in KiB. */
async function settledKb(pid: number): Promise<number> {
  const deadline = performance.now() + longestSettleMs;
  let last = residentKb(pid);
  for (let quiet = 0; quiet < 6 && performance.now() < deadline;) {
    await sleep(lookEveryMs);
    const now = residentKb(pid);
    quiet = Math.abs(now - last) < 256 ? quiet + 1 : 0;
    last = now;
  }
  return last;
}

/** What each of so many tunnels adds to a bridge that has already carried some. */
async function perTunnelKb(bench: Bench, subject: Subject, blocked: boolean): Promise<number> {
  const { load, origin, scaled } = bench;
  const count = scaled(blocked ? 200 : 4000);
  const target = `${directHost}:${blocked ? origin.flood : origin.echo}`;
  const options = { proxy: subject.http, target, count, streams: 16, noRead: blocked };
  const before = await settledKb(subject.bridgePid);
  const held = await load.hold(options);
  const during = await settledKb(subject.bridgePid);
  await held.close();
  if (held.opened.count !== count) throw new Error(`held ${held.opened.count} of ${count}`);
  return (during - before) / count;
}

interface Figures {
  idle: number;
  blocked: number;
  /** As soon as `up` has returned. */
  fresh: number;
  rss: number;
}

/** A fresh bridge a round: what the heap has once grown to, it keeps. */
async function round(bench: Bench): Promise<Figures> {
  const { load, origin, scaled, tailnet } = bench;
  const figures: Figures = {
    idle: Number.NaN,
    blocked: Number.NaN,
    fresh: Number.NaN,
    rss: Number.NaN,
  };
  for (const kind of ['idle', 'blocked'] as const) {
    const subject = await startSubject(tailnet.facts);
    try {
      figures.fresh = await settledKb(subject.bridgePid);
      const warm = { proxy: subject.http, target: `${directHost}:${origin.echo}`, streams: 16 };
      await measureAll(load, 'setup', { ...warm, count: scaled(2000) });
      figures.rss = await settledKb(subject.bridgePid);
      figures[kind] = await perTunnelKb(bench, subject, kind === 'blocked');
    } finally {
      await subject.stop();
    }
  }
  return figures;
}

/** One bridge, twenty thousand tunnels, and eighty thousand more. */
async function growth({ load, origin, scaled, tailnet }: Bench): Promise<[number, number]> {
  const subject = await startSubject(tailnet.facts);
  try {
    const options = { proxy: subject.http, target: `${directHost}:${origin.echo}`, streams: 16 };
    await measureAll(load, 'setup', { ...options, count: scaled(20_000) });
    const early = await settledKb(subject.bridgePid);
    await measureAll(load, 'setup', { ...options, count: scaled(80_000) });
    return [early, await settledKb(subject.bridgePid)];
  } finally {
    await subject.stop();
  }
}

export async function memory(bench: Bench): Promise<Section> {
  const rounds: Figures[] = [];
  for (let at = 0; at < Math.min(bench.rounds, 3); at += 1) rounds.push(await round(bench));
  const [early, late] = await growth(bench);
  const series = (pick: (of: Figures) => number) => spreadOf(rounds.map(pick));
  return {
    title: 'Memory of the bridge',
    about:
      'Resident memory, settled: idle tunnels have echoed a byte; blocked ones have an origin that sends without end and a client that reads nothing. Flat is held to be within a tenth.',
    rows: [
      {
        what: 'an idle tunnel',
        spread: series(({ idle }) => idle),
        unit: 'KiB',
        bar: { is: 'most', must: 18, goal: 10 },
      },
      {
        what: 'a blocked tunnel',
        spread: series(({ blocked }) => blocked),
        unit: 'KiB',
        bar: { is: 'most', must: 320 },
      },
      {
        what: `after ${bench.scaled(100_000)} tunnels, against after ${bench.scaled(20_000)}`,
        spread: spreadOf([late / early]),
        unit: '×',
        bar: { is: 'most', must: 1.1, goal: 1 },
      },
      {
        what: 'after up',
        spread: series(({ fresh }) => fresh / 1024),
        unit: 'MiB',
        bar: { is: 'most', must: 86 },
      },
      { what: 'before them', spread: series(({ rss }) => rss / 1024), unit: 'MiB' },
      { what: 'after them', spread: spreadOf([late / 1024]), unit: 'MiB' },
    ],
  };
}
