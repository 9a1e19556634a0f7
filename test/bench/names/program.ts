/**
 * What names cost: the netmap's index built in turns, looked up in, and ticks of a busy tailnet of 10,000 peers. `program.ts SECTION` in a process of its own, which sends home what it measured.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { indexOf, inTurns } from '../../../src/dns/index/build-index.ts';
import { atOnce, largeStatus } from '../../support/netmap.ts';
import type { MeasuredName, Tell } from './measured.ts';
import { stalls } from './stalls.ts';
import { ticking } from './ticking.ts';

const PEERS = 10_000;
const ROUTES = 5_000;
const rows: MeasuredName[] = [];

const row: Tell = (what, value, most, unit) => {
  rows.push({ what, value, most, unit });
};

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Collects the garbage of the turns before this one. */
async function collected(): Promise<void> {
  setFlagsFromString('--expose-gc');
  for (let pass = 0; pass < 2; pass++) {
    await sleep(20);
    (runInNewContext('gc') as () => void)();
  }
}

async function building(): Promise<void> {
  for (const [peers, routes, mostMs] of [
    [PEERS, ROUTES, 200],
    [100_000, 50_000, 5_000],
  ] as const) {
    const document = Buffer.from(JSON.stringify(largeStatus(peers, routes)));
    const measured: { stallMs: number; tookMs: number }[] = [];
    for (let round = 0; round < 5; round++) {
      await collected();
      const { signal } = new AbortController();
      measured.push(await stalls(() => inTurns(indexOf(document, Date.now()), signal)));
    }
    const later = measured.slice(1);
    const took = (what: string, ms: number, most: number | undefined) =>
      row(`index of ${peers} peers, ${routes} routes, JSON included: ${what}`, ms, most, 'ms');
    took('first', measured[0]?.tookMs ?? NaN, undefined);
    took('later, median', median(later.map(({ tookMs }) => tookMs)), mostMs);
    row(
      `${peers} peers: longest turn of the event loop`,
      median(later.map(({ stallMs }) => stallMs)),
      peers === PEERS ? 10 : undefined,
      'ms',
    );
  }
}

async function lookingUp(): Promise<void> {
  const document = Buffer.from(JSON.stringify(largeStatus(PEERS, ROUTES)));
  await collected();
  const before = process.memoryUsage().heapUsed;
  const index = atOnce(indexOf(document, Date.now()));
  const time = (what: string, look: (at: number) => unknown) => {
    for (const pass of ['first', 'again']) {
      const started = performance.now();
      let found = 0;
      for (let at = 1; at <= PEERS; at++) if (look(at) !== undefined) found++;
      if (found !== PEERS) throw new Error(`${what}: ${found} of ${PEERS} found`);
      row(`${what}, ${pass} time`, ((performance.now() - started) / PEERS) * 1000, 5, 'µs');
    }
  };
  time('short name', (at) => index.lookup(`host-${at}`));
  time('FQDN', (at) => index.lookup(`host-${at}.tail1234.ts.net`));
  time('node by name', (at) => index.nodeNamed(`host-${at}`));
  time('owner of an address', (at) => index.ownerOf(`100.64.${at >> 8}.${at & 255}`, true));
  time('owner of a subnet address', (at) =>
    index.ownerOf(`10.${((at - 1) % ROUTES) >> 8}.${((at - 1) % ROUTES) & 255}.7`, true),
  );
  await collected();
  const heap = process.memoryUsage().heapUsed - before;
  row('memory of the index', heap / 1e6, 30, 'MB');
}

const sections: Record<string, () => Promise<void> | void> = {
  building,
  lookingUp,
  ticking100: () => ticking(row, 100, 3_000),
  ticking10000: () => ticking(row, PEERS, 6_000),
};

await sections[process.argv[2] ?? '']?.();
process.send?.(rows, () => process.disconnect());
