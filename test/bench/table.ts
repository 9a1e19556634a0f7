/** The rows that the bench prints, and how they stand against their bars. */
import { formatFigure, type Spread } from './figures.ts';

/** What a median is held against. `most`: smaller is better; `least`: larger is. */
export interface Bar {
  readonly is: 'most' | 'least';
  readonly must?: number;
  readonly goal?: number;
}

export interface Row {
  readonly what: string;
  readonly spread: Spread;
  /** `×` for a ratio of ours to theirs. */
  readonly unit: string;
  readonly bar?: Bar | undefined;
  /** Why it was not measured, or what has to be known of it. */
  readonly note?: string | undefined;
}

export interface Section {
  readonly title: string;
  /** How it was measured, in a sentence or two. */
  readonly about: string;
  readonly rows: readonly Row[];
}

export type Verdict = 'goal' | 'must' | 'falls short' | 'not measured' | '';

/** Empty where there is no bar; with a goal alone, what misses it falls short of nothing. */
export function verdictOf({ spread, bar }: Row): Verdict {
  if (bar === undefined) return '';
  if (Number.isNaN(spread.median)) return 'not measured';
  const meets = (limit: number): boolean =>
    bar.is === 'most' ? spread.median <= limit : spread.median >= limit;
  if (bar.goal !== undefined && meets(bar.goal)) return 'goal';
  if (bar.must === undefined) return '';
  return meets(bar.must) ? 'must' : 'falls short';
}

function limitText(bar: Bar | undefined, limit: number | undefined): string {
  if (bar === undefined || limit === undefined) return '';
  return `${bar.is === 'most' ? '≤' : '≥'} ${limit}`;
}

const titles = ['', 'min', 'median', 'max', '', 'must', 'goal', ''];

function cells(row: Row): string[] {
  const { what, spread, unit, bar } = row;
  const figures = [spread.min, spread.median, spread.max].map(formatFigure);
  const verdict = verdictOf(row);
  const word = verdict === 'falls short' ? 'FALLS SHORT' : verdict;
  return [what, ...figures, unit, limitText(bar, bar?.must), limitText(bar, bar?.goal), word];
}

/** For a terminal. */
export function sectionText({ title, about, rows }: Section): string {
  const table = [titles, ...rows.map(cells)];
  const widths = titles.map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  );
  const lines = table.map((row, at) => {
    const padded = row.map((cell, column) => {
      const pad = ' '.repeat((widths[column] ?? 0) - cell.length);
      return column >= 1 && column <= 3 ? pad + cell : cell + pad;
    });
    const note = rows[at - 1]?.note;
    return `  ${padded.join('  ').trimEnd()}${note === undefined ? '' : `  (${note})`}`;
  });
  return [`\n${title}`, `  ${about}`, ...(rows.length === 0 ? [] : lines)].join('\n');
}

/** For docs/benchmarks.md. */
export function sectionMarkdown({ title, about, rows }: Section): string {
  const escaped = (cell: string): string => cell.replaceAll('|', String.raw`\|`);
  const line = (row: readonly string[]): string => `| ${row.map(escaped).join(' | ')} |`;
  const body = rows.map((row) => {
    const [what = '', ...rest] = cells(row);
    const bold = rest.map((cell) => (cell === 'FALLS SHORT' ? '**falls short**' : cell));
    return line([row.note === undefined ? what : `${what} (${row.note})`, ...bold]);
  });
  const rule = '|---|---:|---:|---:|---|---|---|---|';
  const table = rows.length === 0 ? [] : [line(titles), rule, ...body, ''];
  return [`## ${title}`, '', about, '', ...table].join('\n');
}

/** The lines that are worth a look: what falls short, and what was not measured. */
export function summaryLines(sections: readonly Section[]): string[] {
  const barred = sections.flatMap(({ rows }) => rows).filter((row) => verdictOf(row) !== '');
  const count = (verdict: Verdict): number =>
    barred.filter((row) => verdictOf(row) === verdict).length;
  const lines = [
    `${barred.length} bars: ${count('goal')} at the goal, ${count('must')} at the must, ${count('falls short')} fall short, ${count('not measured')} not measured`,
  ];
  for (const row of barred) {
    const verdict = verdictOf(row);
    if (verdict === 'falls short') {
      const figure = `${formatFigure(row.spread.median)} ${row.unit}`;
      lines.push(
        `falls short: ${row.what}: ${figure}, must be ${limitText(row.bar, row.bar?.must)}`,
      );
    } else if (verdict === 'not measured') {
      lines.push(`not measured: ${row.what}${row.note === undefined ? '' : ` (${row.note})`}`);
    }
  }
  return lines;
}
