/**
 * What names cost: the netmap's index built, looked up in, handed over from the worker, and ticks of a busy
 * tailnet of 10,000 peers. `program.ts SECTION` in a process of its own, which sends home what it measured.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildIndex } from '../../../src/dns/index/build-index.ts';
import { IndexBuilder } from '../../../src/dns/index/index-builder.ts';
import { buffersOf } from '../../../src/dns/index/packed-index.ts';
import { readStatus } from '../../../src/dns/index/status.ts';
import { TailnetIndex } from '../../../src/dns/index/tailnet-index.ts';
import { largeStatus } from '../../support/netmap.ts';
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

function building(): void {
  const text = JSON.stringify(largeStatus(PEERS, ROUTES));
  const parseMs: number[] = [];
  const indexMs: number[] = [];
  for (let round = 0; round < 11; round++) {
    const started = performance.now();
    const document: unknown = JSON.parse(text);
    const parsed = performance.now();
    buildIndex(readStatus(document, Date.now()));
    indexMs.push(performance.now() - parsed);
    parseMs.push(parsed - started);
  }
  row(
    `JSON.parse of ${(text.length / 1e6).toFixed(1)} MB (for comparison)`,
    median(parseMs),
    undefined,
    'ms',
  );
  row(
    `index of ${PEERS} peers, ${ROUTES} routes, after JSON.parse: median`,
    median(indexMs),
    60,
    'ms',
  );
  row('the same, the first time in a process', indexMs[0] ?? NaN, undefined, 'ms');
}

async function lookingUp(): Promise<void> {
  const packed = buildIndex(readStatus(largeStatus(PEERS, ROUTES), Date.now()));
  await collected();
  const before = process.memoryUsage().heapUsed;
  const index = new TailnetIndex(packed);
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
  const columns = buffersOf(packed).reduce((sum, buffer) => sum + buffer.byteLength, 0);
  row('memory of the index, columns and every peer decoded', (heap + columns) / 1e6, 30, 'MB');
}

async function handingOver(): Promise<void> {
  const builder = new IndexBuilder((detail) => {
    throw new Error(detail);
  });
  for (const [peers, routes, mostMs] of [
    [PEERS, ROUTES, undefined],
    [100_000, 50_000, 2_500],
  ] as const) {
    const document = Buffer.from(JSON.stringify(largeStatus(peers, routes)));
    const measured: { stallMs: number; tookMs: number }[] = [];
    for (let round = 0; round < 4; round++) {
      const bytes = new Uint8Array(document);
      await collected();
      measured.push(await stalls(() => builder.build(bytes)));
    }
    const later = measured.slice(1);
    row(
      `${peers} peers in the worker, JSON.parse included: first`,
      measured[0]?.tookMs ?? NaN,
      mostMs,
      'ms',
    );
    row(
      `${peers} peers in the worker, later: median`,
      median(later.map(({ tookMs }) => tookMs)),
      mostMs,
      'ms',
    );
    row(
      `${peers} peers: stall of the event loop`,
      median(later.map(({ stallMs }) => stallMs)),
      20,
      'ms',
    );
  }
  await builder.close();
}

const sections: Record<string, () => Promise<void> | void> = {
  building,
  lookingUp,
  handingOver,
  ticking100: () => ticking(row, 100, 3_000),
  ticking10000: () => ticking(row, PEERS, 6_000),
};

await sections[process.argv[2] ?? '']?.();
process.send?.(rows, () => process.disconnect());
