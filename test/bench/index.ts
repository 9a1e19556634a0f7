/**
 * node test/bench/index.ts: what names cost. Prints the figures of the netmap's index beside what they may
 * be: building, looking up, memory, the hand-over from the worker, and ticks of a busy tailnet of 10,000 peers.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildIndex } from '../../src/dns/build-index.ts';
import { IndexBuilder } from '../../src/dns/index-builder.ts';
import { buffersOf } from '../../src/dns/packed-index.ts';
import { readStatus } from '../../src/dns/status.ts';
import { TailnetIndex } from '../../src/dns/tailnet-index.ts';
import { TailnetView } from '../../src/dns/tailnet-view.ts';
import { startFakeLocalApi } from '../support/fake-local-api.ts';
import { largeStatus, peerDocument, type PeerDocument } from '../support/netmap.ts';

const PEERS = 10_000;
const ROUTES = 5_000;
const TICK_EVERY_MS = 60;
const TICKS_FOR_MS = 20_000;
const WARM_UP_MS = 5_000;

interface Row {
  readonly what: string;
  readonly value: number;
  /** The bar; none for a figure that is there to compare with. */
  readonly most: number | undefined;
  readonly unit: string;
}

const rows: Row[] = [];

function row(what: string, value: number, most: number | undefined, unit: string): void {
  rows.push({ what, value, most, unit });
}

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

/**
 * The longest turn of the event loop while `work` ran, by this thread's CPU time (others use the machine
 * too), and how long the work took.
 */
async function stalls(work: () => Promise<unknown>): Promise<{ stallMs: number; tookMs: number }> {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = cpuMs();
  let stallMs = 0;
  const timer = setInterval(() => {
    const now = cpuMs();
    stallMs = Math.max(stallMs, now - last);
    last = now;
  }, 1);
  const started = performance.now();
  await work();
  const tookMs = performance.now() - started;
  await new Promise(setImmediate);
  clearInterval(timer);
  return { stallMs, tookMs };
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

/** A tailscaled of many peers that change all the time, in a process of its own. */
async function beTailscaled(folder: string, peers: number): Promise<void> {
  const fake = await startFakeLocalApi(folder);
  const document = largeStatus(peers, peers >> 1);
  const answer = (more: Record<string, PeerDocument>) =>
    fake.answer(
      'status',
      JSON.stringify({ ...document, Peer: { ...(document['Peer'] as object), ...more } }),
    );
  answer({});
  fake.answer('prefs', { RouteAll: true, CorpDNS: true });
  fake.answer('dns-config', {});
  const line = { PeersChanged: [peerDocument(1)] };
  setInterval(() => fake.notify(line), TICK_EVERY_MS);
  process.on('message', () => {
    answer({ 'nodekey:late': peerDocument(peers + 1, { DNSName: 'late.tail1234.ts.net.' }) });
    fake.notify(line);
    process.send?.('joined');
  });
  process.send?.('ready');
}

async function ticking(peers: number, joinedMs: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'st-bench-'));
  const tailscaled = fork(import.meta.filename, ['tailscaled', folder, String(peers)]);
  await once(tailscaled, 'message');
  const view = new TailnetView({
    socketPath: join(folder, 'tailscaled.sock'),
    acceptDns: true,
    direct: () => false,
    log: { debug: () => {}, warn: (_fields, message) => console.error(message) },
  });
  view.start();
  await view.until(() => view.state().kind === 'running', AbortSignal.timeout(20_000));
  await sleep(WARM_UP_MS);
  const cpu = process.cpuUsage();
  const started = performance.now();
  await sleep(TICKS_FOR_MS);
  const { user, system } = process.cpuUsage(cpu);
  const share = (user + system) / 1000 / (performance.now() - started);
  const ticks = 60_000 / TICK_EVERY_MS;
  row(`${peers} peers, ${ticks} ticks a minute: share of a core`, share * 100, 5, '%');
  const { stallMs } = await stalls(() => sleep(TICKS_FOR_MS / 2));
  row(`${peers} peers, ticks: longest turn of the event loop`, stallMs, undefined, 'ms');
  const asked = performance.now();
  const seen = view.until(() => view.peerNamed('late') !== undefined, AbortSignal.timeout(20_000));
  tailscaled.send('join');
  await seen;
  row(
    `${peers} peers, ticks: a node that joins is seen after`,
    performance.now() - asked,
    joinedMs,
    'ms',
  );
  await view.close();
  tailscaled.kill();
  await once(tailscaled, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

/** Each in a process of its own: what one leaves on the heap is not the next one's. */
const sections: Record<string, () => Promise<void> | void> = {
  building,
  lookingUp,
  handingOver,
  ticking100: () => ticking(100, 3_000),
  ticking10000: () => ticking(PEERS, 6_000),
};

async function runSection(name: string): Promise<Row[]> {
  const child = fork(import.meta.filename, ['section', name]);
  const [measured] = (await once(child, 'message')) as [Row[]];
  return measured;
}

function print(measured: readonly Row[]): void {
  console.log(
    `names and routes; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}\n`,
  );
  console.log('| what | measured | at most | |\n|---|---:|---:|---|');
  for (const { what, value, most, unit } of measured) {
    const figure = `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
    const bar = most === undefined ? '' : `${most} ${unit}`;
    console.log(
      `| ${what} | ${figure} | ${bar} | ${most !== undefined && value > most ? 'falls short' : ''} |`,
    );
  }
}

if (process.argv[2] === 'tailscaled') {
  await beTailscaled(process.argv[3] ?? '', Number(process.argv[4]));
} else if (process.argv[2] === 'section') {
  await sections[process.argv[3] ?? '']?.();
  process.send?.(rows);
  process.disconnect();
} else {
  const measured: Row[] = [];
  for (const name of Object.keys(sections)) measured.push(...(await runSection(name)));
  print(measured);
}
