/** Adds up the requests of a run as they end, in bounded memory whatever the clients do. */
import { basename } from 'node:path';
import { RuleLearner } from './learn.ts';
import { outcomeOf, type RunRequest, waitedMs } from './run-request.ts';
import { Sample } from './sample.ts';
import type {
  Counts,
  Destination,
  FailureGroup,
  Program,
  RunSnapshot,
  SlowRequest,
} from './snapshot.ts';
import { BoundedMap, Tally } from './tally.ts';
import { Timeline } from './timeline.ts';

const mostDestinations = 1000;
const mostPrograms = 200;
const mostFailures = 200;
const slowestKept = 10;
const longestDetail = 300;

export interface RunRecordOptions {
  /** Epoch ms of `up`. */
  readonly startedMs: number;
  /** Spacelift's run id, if there is one. */
  readonly runId: string | null;
  readonly policyMode: 'enforce' | 'report' | 'learn';
}

export interface RunRecord {
  add(request: RunRequest): void;
  /** All requests that have ended. */
  totals(): Counts;
  /**
   * JSON-serialisable.
   * @param nowMs epoch ms
   * @param lostLogLines lines of the access log that never reached the disk
   */
  snapshot(nowMs: number, lostLogLines?: number): RunSnapshot;
}

interface DestinationEntry {
  readonly tailnet?: string;
  readonly host: string;
  readonly port: number;
  readonly tally: Tally;
  readonly dials: Sample;
  route: string;
  peer: string | null;
  firstMs: number;
  lastMs: number;
}

interface ProgramEntry {
  readonly name: string;
  readonly isProvider: boolean;
  readonly tally: Tally;
}

type FailureEntry = { -readonly [K in keyof FailureGroup]: FailureGroup[K] };

export function createRunRecord(options: RunRecordOptions): RunRecord {
  const totals = new Tally();
  const destinations = new BoundedMap<DestinationEntry>(mostDestinations);
  const others = new Tally();
  const programs = new BoundedMap<ProgramEntry>(mostPrograms);
  const otherPrograms = new Tally();
  const failures = new BoundedMap<FailureEntry>(mostFailures);
  const otherFailures = new BoundedMap<FailureEntry>(mostFailures);
  const timeline = new Timeline(options.startedMs);
  const learner = new RuleLearner();
  let slowest: SlowRequest[] = [];

  const addDestination = (request: RunRequest): void => {
    const { host, port, tailnet } = request;
    const startMs = request.timeMs - request.totalMs;
    const entry = destinations.entry(`${tailnet ?? ''} ${host} ${port}`, () => ({
      host,
      port,
      ...(tailnet !== undefined && { tailnet }),
      tally: new Tally(),
      dials: new Sample(),
      route: request.route,
      peer: request.peer,
      firstMs: startMs,
      lastMs: request.timeMs,
    }));
    if (entry === undefined) {
      others.add(request);
      return;
    }
    entry.tally.add(request);
    entry.route = request.route;
    entry.peer = request.peer;
    entry.firstMs = Math.min(entry.firstMs, startMs);
    entry.lastMs = Math.max(entry.lastMs, request.timeMs);
    if (request.dialMs !== null) entry.dials.add(request.dialMs);
  };

  const addProgram = (request: RunRequest): void => {
    const { client } = request;
    const name = client === null ? 'unknown' : (client.provider ?? basename(client.exe));
    const isProvider = client !== null && client.provider !== null;
    const entry = programs.entry(name, () => ({ name, isProvider, tally: new Tally() }));
    (entry?.tally ?? otherPrograms).add(request);
  };

  const addFailure = (request: RunRequest): void => {
    if (outcomeOf(request) === 'ok') return;
    const { host, port, status } = request;
    const error = request.error ?? 'http_request_denied';
    const group = { host, port, status, error, detail: null, count: 0 };
    const entry =
      failures.entry(`${host} ${port} ${status} ${error}`, () => group) ??
      otherFailures.entry(`${status} ${error}`, () => ({ ...group, host: 'other', port: 0 }));
    if (entry === undefined) return;
    entry.count++;
    entry.detail = request.detail?.slice(0, longestDetail) ?? entry.detail;
  };

  const addSlow = (request: RunRequest): void => {
    const waited = waitedMs(request);
    const fastest = slowest.at(-1);
    if (slowest.length >= slowestKept && fastest !== undefined && waited <= fastest.waitedMs)
      return;
    const { id, proto, method, host, port, status, error, dnsMs, dialMs } = request;
    slowest.push({ id, proto, method, host, port, status, error, waitedMs: waited, dnsMs, dialMs });
    slowest = slowest.sort((a, b) => b.waitedMs - a.waitedMs).slice(0, slowestKept);
  };

  return {
    add(request) {
      totals.add(request);
      addDestination(request);
      addProgram(request);
      addFailure(request);
      addSlow(request);
      timeline.add(request);
      learner.add(request);
    },
    totals: () => totals.counts(),
    snapshot: (nowMs, lostLogLines = 0) => ({
      version: 1,
      ...options,
      snapshotMs: nowMs,
      totals: totals.counts(),
      lostLogLines,
      destinations: destinations.values().map(asDestination).sort(byRequests),
      otherDestinations: others.requests === 0 ? null : others.counts(),
      programs: [
        ...programs.values().map(asProgram).sort(byRequests),
        ...(otherPrograms.requests === 0
          ? []
          : [{ name: 'other', isProvider: false, ...otherPrograms.counts() }]),
      ],
      slowest: [...slowest],
      failures: [...failures.values(), ...otherFailures.values()]
        .map((group) => structuredClone(group))
        .sort((a, b) => b.count - a.count),
      timeline: timeline.snapshot(),
      learned: { rules: learner.rules(), uncovered: learner.uncovered },
    }),
  };
}

function asDestination({ tally, dials, ...rest }: DestinationEntry): Destination {
  return { ...rest, ...tally.counts(), dialP50Ms: dials.median(), dialMaxMs: dials.max() };
}

function asProgram({ name, isProvider, tally }: ProgramEntry): Program {
  return { name, isProvider, ...tally.counts() };
}

function byRequests(a: { requests: number }, b: { requests: number }): number {
  return b.requests - a.requests;
}
