import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly rounds: number;
  /** Of counts and sizes. */
  readonly scale: number;
  readonly isQuick: boolean;
  /** Names of sections; none: all of them. */
  readonly only: readonly string[];
  /** The file to write the tables to. */
  readonly write: string | undefined;
}

/** @throws Error that says what is wrong */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      write: { type: 'string' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds takes a number from 1 on, not ${values.rounds}`);
  }
  return {
    rounds,
    scale: values.quick ? 0.1 : 1,
    isQuick: values.quick,
    only: values.only,
    write: values.write,
  };
}
