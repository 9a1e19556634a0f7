import { readFileSync } from 'node:fs';
import { run } from '../../support/run.ts';
import { type Bench, directHost, measureAll } from '../bench.ts';
import { ratiosOf, spreadOf } from '../figures.ts';
import { startSubject, type Subject } from '../subject.ts';
import type { Section } from '../table.ts';

/** The longest a timer of the bridge was late since this was last asked, in milliseconds. */
async function stallMs({ http }: Subject): Promise<number> {
  const { stdout } = await run('curl', ['-sS', '--noproxy', '*', `${http}/metrics`]);
  const line = /^spacetail_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(stdout);
  return Number(line?.[1]) * 1000;
}

/** Tunnels that the limit of open files leaves the bridge, two files each. */
function openFilesAllow(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const hard = /^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY;
  return Math.floor(Number(hard) / 2) - 150;
}

interface Figures {
  readonly p50Ms: number;
  readonly openingStallMs: number;
  readonly stallMs: number;
}

/** A bridge with so many tunnels open: what a new one takes, and how late its loop runs meanwhile. */
async function round(
  { load, origin, scaled }: Bench,
  subject: Subject,
  open: number,
): Promise<Figures> {
  const options = { proxy: subject.http, target: `${directHost}:${origin.echo}` };
  await stallMs(subject);
  const held = await load.hold({ ...options, count: open, streams: 16 });
  if (held.opened.count !== open) {
    await held.close();
    throw new Error(`held ${held.opened.count} of ${open}: ${JSON.stringify(held.opened.errors)}`);
  }
  const openingStallMs = await stallMs(subject);
  const setup = await measureAll(load, 'setup', { ...options, count: scaled(1500) });
  const alive = await held.check();
  const during = await stallMs(subject);
  await held.close();
  if (alive.count !== open) throw new Error(`${open - alive.count} tunnels had died`);
  return { p50Ms: setup.p50Ms, openingStallMs, stallMs: during };
}

export async function manyTunnels(bench: Bench): Promise<Section> {
  const { load, origin, scaled, tailnet, say } = bench;
  const sizes = [1000, Math.min(10_000, openFilesAllow())].map(scaled);
  const empty: number[] = [];
  const full = new Map<number, Figures[]>(sizes.map((size) => [size, []]));
  const subject = await startSubject(tailnet.facts);
  try {
    const options = { proxy: subject.http, target: `${directHost}:${origin.echo}` };
    await measureAll(load, 'setup', { ...options, count: scaled(3000) });
    for (let at = 0; at < bench.rounds; at += 1) {
      const alone = await measureAll(load, 'setup', { ...options, count: scaled(1500) });
      empty.push(alone.p50Ms);
      for (const size of sizes) {
        const failed = { p50Ms: Number.NaN, openingStallMs: Number.NaN, stallMs: Number.NaN };
        const figures = await round(bench, subject, size).catch((error: unknown) => {
          say(`${size} tunnels: ${(error as Error).message}`);
          return failed;
        });
        full.get(size)?.push(figures);
      }
    }
  } finally {
    await subject.stop();
  }
  const largest = sizes.at(-1);
  return {
    title: 'Many tunnels open',
    about:
      'Set-up of a new tunnel on loopback, against the same bridge with none open; 10,000 of them, or as many as the limit of open files allows. A stall is how late a timer of its event loop fired, as its /metrics tells.',
    rows: sizes.flatMap((size) => {
      const figures = full.get(size) ?? [];
      const p50 = figures.map(({ p50Ms }) => p50Ms);
      const isBarred = size === largest;
      return [
        {
          what: `set-up p50 with ${size} open, against none`,
          spread: spreadOf(ratiosOf(p50, empty)),
          unit: '×',
          bar: isBarred ? { is: 'most', must: 1.5, goal: 1.1 } : undefined,
        },
        { what: `set-up p50 with ${size} open`, spread: spreadOf(p50), unit: 'ms' },
        {
          what: `longest stall with ${size} open`,
          spread: spreadOf(figures.map(({ stallMs: ms }) => ms)),
          unit: 'ms',
          bar: isBarred ? { is: 'most', must: 100 } : undefined,
        },
        {
          what: `longest stall while ${size} open`,
          spread: spreadOf(figures.map(({ openingStallMs: ms }) => ms)),
          unit: 'ms',
          bar: isBarred ? { is: 'most', must: 100 } : undefined,
        },
      ];
    }),
  };
}
