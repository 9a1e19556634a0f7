/** Several do the same in turn, several rounds, so that all of them meet the same weather. */
import { ratiosOf, spreadOf } from './figures.ts';
import type { Bar, Row } from './table.ts';

/** What one turn has measured, by name. */
export type Figures = Readonly<Record<string, number>>;

export interface Contestant {
  readonly name: string;
  measure(): Promise<Figures>;
}

export interface Outcome {
  /** One value a round; NaN where the turn failed. */
  values(name: string, figure: string): number[];
  /** The spread of one contestant's figure. */
  readonly row: (name: string, figure: string, unit: string, options?: Partial<Row>) => Row;
  /** The same of all of them. */
  readonly rows: (figure: string, unit: string) => Row[];
  /** Ours by theirs, round by round. A contestant that is missing makes a row that says so. */
  ratio(ours: string, theirs: string, figure: string, bar?: Bar, what?: string): Row;
  readonly names: readonly string[];
}

export interface ContestOptions {
  readonly rounds: number;
  /** Gets a line for a turn that failed; the others go on. */
  readonly complain: (line: string) => void;
}

/** Each round in the other order than the one before, and one before all that does not count: code is compiled. */
export async function contest(
  contestants: readonly Contestant[],
  { rounds, complain }: ContestOptions,
): Promise<Outcome> {
  const turns = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const contestant of order) {
      const { name } = contestant;
      const figures = await contestant.measure().catch((error: unknown) => {
        complain(`${name}: ${(error as Error).message}`);
        return {};
      });
      if (round >= 0) turns.get(name)?.push(figures);
    }
  }
  const values = (name: string, figure: string): number[] =>
    (turns.get(name) ?? []).map((figures) => figures[figure] ?? Number.NaN);
  const row: Outcome['row'] = (name, figure, unit, options = {}) => ({
    what: `${figure}: ${name}`,
    spread: spreadOf(values(name, figure)),
    unit,
    ...options,
  });
  const names = contestants.map(({ name }) => name);
  return {
    names,
    values,
    row,
    rows: (figure, unit) => names.map((name) => row(name, figure, unit)),
    ratio(ours, theirs, figure, bar, what = `${figure}: ${ours} / ${theirs}`) {
      const missing = [ours, theirs].find((name) => !turns.has(name));
      return {
        what,
        spread: spreadOf(ratiosOf(values(ours, figure), values(theirs, figure))),
        unit: '×',
        bar,
        note: missing === undefined ? undefined : `${missing} is not here`,
      };
    },
  };
}
