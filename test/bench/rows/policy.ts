import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../bench.ts';
import { quantile, spreadOf } from '../figures.ts';
import type { LookupFigures } from '../policy/client-lookup.ts';
import { deciding } from '../policy/deciding.ts';
import { costOfRequests, type RequestCost } from '../policy/request-cost.ts';
import type { Bar, Row, Section } from '../table.ts';

/**
 * In a network namespace of its own: the kernel's table of ours has a row for a minute of each of the ten thousands of
 * connections that other sections have closed, and no run has so many.
 */
async function lookingUp(rounds: number): Promise<LookupFigures[]> {
  const all: LookupFigures[] = [];
  const program = fileURLToPath(new URL('../policy/client-lookup.ts', import.meta.url));
  const alone = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  for (let round = 0; round < rounds; round += 1) {
    const child = spawn('unshare', [...alone, process.execPath, program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const exit = once(child, 'exit');
    const [figures] = (await once(child, 'message')) as [LookupFigures];
    await exit;
    all.push(figures);
  }
  return all;
}

const most = (must: number): Bar => ({ is: 'most', must });

async function requestRows(rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const door of ['forward', 'connect'] as const) {
    const all: RequestCost[] = [];
    for (let round = 0; round < rounds; round += 1) all.push(await costOfRequests(door));
    const row = (what: string, pick: (of: RequestCost) => number, unit = 'µs'): Row => ({
      what: `${door}: ${what}`,
      spread: spreadOf(all.map(pick)),
      unit,
    });
    const share = row(
      'share of policy, log, metrics in the CPU of a request',
      ({ bare, whole }) => 100 * (1 - bare / whole),
      '%',
    );
    rows.push(
      { ...share, bar: most(10) },
      row('CPU of a request, bare', ({ bare }) => bare),
      row('with policy, log, metrics', ({ whole }) => whole),
      row('and with the report', ({ reporting }) => reporting),
      row('and with the look-up of clients', ({ looking }) => looking),
    );
  }
  return rows;
}

function lookupRows(all: readonly LookupFigures[]): Row[] {
  const row = (
    what: string,
    pick: (of: LookupFigures) => number,
    unit: string,
    bar?: Bar,
  ): Row => ({
    what,
    spread: spreadOf(all.map(pick)),
    unit,
    bar,
  });
  return [
    row('client seen before, 500 processes: p50', ({ seenMs }) => quantile(seenMs, 0.5), 'ms'),
    row('client seen before: p99', ({ seenMs }) => quantile(seenMs, 0.99), 'ms', most(3)),
    row('new client: p50', ({ newMs }) => quantile(newMs, 0.5), 'ms'),
    row('new client: p99', ({ newMs }) => quantile(newMs, 0.99), 'ms', most(30)),
    row(
      'turns of the event loop above 0.5 ms: p99',
      ({ turnsMs }) => quantile(turnsMs, 0.99),
      'ms',
      most(2),
    ),
    row('the longest', ({ turnsMs }) => Math.max(...turnsMs), 'ms'),
    row('with nobody looking: p99', ({ idleTurnsMs }) => quantile(idleTurnsMs, 0.99), 'ms'),
    row('with nobody looking: the longest', ({ idleTurnsMs }) => Math.max(...idleTurnsMs), 'ms'),
    row('clients that were not found', ({ missed }) => missed, '', most(0)),
  ];
}

export async function policyAndRecords({ rounds }: Bench): Promise<Section> {
  return {
    title: 'Policy, log, metrics and the look-up of clients',
    about:
      'CPU of a bridge with all of them and with none, in turn; decisions against three lists of 1,000 rules. Look-ups at 20 new connections a second among 500 processes, in a network namespace of their own.',
    rows: [
      ...deciding().map(([on, microseconds]): Row => ({
        what: `a decision ${on}, three lists of 1,000 rules`,
        spread: spreadOf(microseconds),
        unit: 'µs',
        bar: most(20),
      })),
      ...(await requestRows(rounds)),
      ...lookupRows(await lookingUp(rounds)),
    ],
  };
}
