/**
 * What policy, log, metrics and the look-up of clients cost, each beside its bar. Also alone:
 * `node test/bench/policy.ts`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { compilePolicy } from '../../src/proxy/policy.ts';
import type { PolicyTarget } from '../../src/proxy/policy.ts';
import { head, row, spreadOf } from './figures.ts';
import { costOfRequests } from './request-cost.ts';
import { manyRules } from './many-rules.ts';

const target: PolicyTarget = {
  host: 'a.b.c.d.example.org',
  ip: '203.0.113.7',
  port: 44_300,
  owner: undefined,
  route: 'direct',
  peer: undefined,
};

/** Microseconds of a decision, by batches of 1,000. */
function deciding(): number[] {
  const policy = compilePolicy({
    mode: 'enforce',
    allow: manyRules(''),
    deny: manyRules('direct:'),
    allowLocal: manyRules('tailnet:'),
    metadata: 'allow',
  });
  const batch = (): number => {
    const startMs = performance.now();
    for (let count = 0; count < 1000; count += 1) policy.judge(target);
    return performance.now() - startMs;
  };
  for (let warm = 0; warm < 10; warm += 1) batch();
  return Array.from({ length: 30 }, batch);
}

/** What `client-lookup.ts` found in a process of its own. */
export interface LookupFigures {
  readonly seenMs: readonly number[];
  readonly newMs: readonly number[];
  /** Turns of the event loop that took more than 0.5 ms. */
  readonly turnsMs: readonly number[];
  readonly missed: number;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}

async function lookingUp(rounds: number): Promise<LookupFigures[]> {
  const all: LookupFigures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const child = fork(new URL('client-lookup.ts', import.meta.url));
    const exit = once(child, 'exit');
    const [figures] = (await once(child, 'message')) as [LookupFigures];
    await exit;
    all.push(figures);
  }
  return all;
}

export async function benchPolicy(rounds: number): Promise<void> {
  console.log(`\npolicy, log, metrics and clients, ${rounds} rounds`);
  console.log(head);
  console.log(row('decide, 3 lists of 1,000 rules', spreadOf(deciding()), 'µs', 'at most 20'));
  for (const door of ['forward', 'connect'] as const) {
    const { bareUs, wholeUs, lookingUs, shares } = await costOfRequests(door, rounds);
    console.log(row(`${door}: CPU of a request, bare`, spreadOf(bareUs), 'µs'));
    console.log(row(`${door}: with policy, log, metrics, report`, spreadOf(wholeUs), 'µs'));
    console.log(row(`${door}: share of these, pair by pair`, spreadOf(shares), '%', 'at most 10'));
    console.log(row(`${door}: and with the look-up of clients`, spreadOf(lookingUs), 'µs'));
  }
  const lookups = await lookingUp(rounds);
  const rows: [what: string, pick: (of: LookupFigures) => number, unit: string, bar: string][] = [
    ['client seen before, 500 processes: p50', ({ seenMs }) => quantile(seenMs, 0.5), 'ms', ''],
    ['client seen before: p99', ({ seenMs }) => quantile(seenMs, 0.99), 'ms', 'at most 3'],
    ['new client: p50', ({ newMs }) => quantile(newMs, 0.5), 'ms', ''],
    ['new client: p99', ({ newMs }) => quantile(newMs, 0.99), 'ms', 'at most 30'],
    [
      'turns of the event loop above 0.5 ms: p99',
      ({ turnsMs }) => quantile(turnsMs, 0.99),
      'ms',
      'at most 2',
    ],
    ['the longest', ({ turnsMs }) => Math.max(...turnsMs), 'ms', ''],
    ['clients that were not found', ({ missed }) => missed, '', 'none'],
  ];
  for (const [what, pick, unit, bar] of rows)
    console.log(row(what, spreadOf(lookups.map(pick)), unit, bar));
}

if (import.meta.main) await benchPolicy(Number(process.env['ROUNDS'] ?? 5));
