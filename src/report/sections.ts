/** What a report shows, before it is known how: every format prints the same sections. */
import { formatBytes, formatMs, formatTarget, lostLines, printable } from './format.ts';
import type { Counts, Program, RunSnapshot } from './snapshot.ts';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Widest text of a cell in a table that must fit 100 columns. */
  readonly width: number;
  /** What is left out of a longer one. */
  readonly cut: 'middle' | 'end';
}

export interface Section {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

export interface SectionOptions {
  /** Rows of each section at most; the last line then says how many are left out. */
  readonly mostRows: number;
}

const text = (title: string, width: number): Column => ({
  title,
  align: 'left',
  width,
  cut: 'middle',
});
const sentence = (title: string, width: number): Column => ({
  title,
  align: 'left',
  width,
  cut: 'end',
});
const number = (title: string, width: number): Column => ({
  title,
  align: 'right',
  width,
  cut: 'end',
});
const countColumns = [
  number('requests', 8),
  number('errors', 6),
  number('denied', 9),
  number('sent', 6),
  number('recv', 6),
];

function countCells(counts: Counts): string[] {
  return [
    String(counts.requests),
    String(counts.errors),
    deniedCell(counts),
    formatBytes(counts.bytesUp),
    formatBytes(counts.bytesDown),
  ];
}

/** With a question mark what a mode that only tries the policy out would have denied. */
function deniedCell({ denied, wouldDeny }: Counts): string {
  if (wouldDeny === 0) return String(denied);
  return denied === 0 ? `${wouldDeny}?` : `${denied}+${wouldDeny}?`;
}

/** Which run it was, what it did in all, and what is missing in its log. */
export function headlines(snapshot: RunSnapshot): readonly string[] {
  const { totals } = snapshot;
  const run = snapshot.runId === null ? 'run' : `run ${printable(snapshot.runId).slice(0, 40)}`;
  const lasted = formatMs(Math.max(0, snapshot.snapshotMs - snapshot.startedMs));
  const counts = [
    `${totals.requests} requests`,
    `${totals.errors} errors`,
    `${totals.denied} denied`,
    ...(totals.wouldDeny === 0 ? [] : [`${totals.wouldDeny} would be denied`]),
    `${formatBytes(totals.bytesUp)} sent`,
    `${formatBytes(totals.bytesDown)} received`,
  ];
  return [
    `${run} of ${lasted}, policy mode ${snapshot.policyMode}`,
    counts.join(', '),
    ...lostLines(snapshot.lostLogLines ?? 0),
  ];
}

/** Sections that have something to show. */
export function sectionsOf(snapshot: RunSnapshot, options: SectionOptions): Section[] {
  const all = [destinations(snapshot), programs(snapshot), failures(snapshot), slowest(snapshot)];
  return all
    .filter((section) => section.rows.length > 0)
    .map((section) => limit(section, options.mostRows));
}

function limit(section: Section, mostRows: number): Section {
  const hidden = section.rows.length - mostRows;
  if (hidden <= 1) return section;
  const last = [`… ${hidden + 1} more in --format json`, ...section.columns.slice(1).map(() => '')];
  return { ...section, rows: [...section.rows.slice(0, mostRows - 1), last] };
}

/** `partner!` before a host of one of several tailnets. */
function inTailnet({ tailnet }: { readonly tailnet?: string }): string {
  return tailnet === undefined ? '' : `${tailnet}!`;
}

function destinations(snapshot: RunSnapshot): Section {
  const rows = snapshot.destinations.map((destination) => [
    printable(inTailnet(destination) + formatTarget(destination.host, destination.port)),
    destination.route,
    ...countCells(destination),
    formatMs(destination.dialP50Ms),
    formatMs(destination.dialMaxMs),
  ]);
  if (snapshot.otherDestinations !== null) {
    rows.push(['other', '', ...countCells(snapshot.otherDestinations), '-', '-']);
  }
  const columns = [
    text('destination', 26),
    text('route', 7),
    ...countColumns,
    number('dial p50', 8),
    number('max', 8),
  ];
  return { title: 'Destinations', columns, rows };
}

function programs(snapshot: RunSnapshot): Section {
  const known = snapshot.programs.filter(
    (program) => program.name !== 'unknown' || snapshot.programs.length > 1,
  );
  return {
    title: 'Programs',
    columns: [text('program', 45), ...countColumns],
    rows: known.map(programRow),
  };
}

function programRow(program: Program): string[] {
  return [printable(program.name), ...countCells(program)];
}

function failures(snapshot: RunSnapshot): Section {
  return {
    title: 'Failures',
    columns: [
      text('destination', 29),
      number('count', 5),
      number('status', 6),
      sentence('reason', 54),
    ],
    rows: snapshot.failures.map((group) => [
      printable(formatTarget(group.host, group.port)),
      String(group.count),
      String(group.status),
      printable(group.detail === null ? group.error : `${group.detail} (${group.error})`),
    ]),
  };
}

function slowest(snapshot: RunSnapshot): Section {
  return {
    title: 'Slowest',
    columns: [
      text('request', 8),
      text('destination', 44),
      number('status', 6),
      number('waited', 8),
      number('dns', 7),
      number('dial', 7),
    ],
    rows: snapshot.slowest.map((slow) => [
      printable(slow.method).slice(0, 8),
      printable(formatTarget(slow.host, slow.port)),
      String(slow.status),
      formatMs(slow.waitedMs),
      formatMs(slow.dnsMs),
      formatMs(slow.dialMs),
    ]),
  };
}
