/** Minimum, median and maximum of a series. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = Math.floor((sorted.length - 1) / 2);
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle) + at(middle + 1)) / 2;
  return { min: at(0), median, max: at(sorted.length - 1) };
}

/** One row: what, the spread, and the bar it is held against. */
export function row(what: string, { min, median, max }: Spread, unit: string, bar = ''): string {
  const figures = [min, median, max].map((value) => value.toFixed(value < 10 ? 2 : 0).padStart(8));
  return `${what.padEnd(52)}${figures.join('')} ${unit.padEnd(5)} ${bar}`;
}

export const head = `${''.padEnd(52)}${['min', 'median', 'max'].map((title) => title.padStart(8)).join('')}`;
