/** Counts what tap prints, TAP 14, line by line. */

export interface TapResults {
  readonly passed: number;
  readonly failed: number;
  /** Each test or assertion that says SKIP or TODO, with its file. */
  readonly skipped: readonly string[];
  /** Test files with the time each took. */
  readonly files: readonly { readonly path: string; readonly ok: boolean; readonly ms: number }[];
}

export interface TapReader {
  onLine(line: string): void;
  /** undefined when tap did not get as far as its totals. */
  results(): TapResults | undefined;
}

const fileLine = /^(not )?ok \d+ - (.+?\.test\.ts) # time=([\d.]+)(ms|s)?/;
const skipLine = /^\s+(?:not )?ok \d+(?: - )?(.*?) # (SKIP|TODO)\b ?(.*)$/i;

export function readTap(): TapReader {
  let totals: { passed: number; failed: number } | undefined;
  let current = '';
  const skipped: string[] = [];
  const files: { path: string; ok: boolean; ms: number }[] = [];
  return {
    onLine(line) {
      current = /^# Subtest: (.*)/.exec(line)?.[1] ?? current;
      // tap's closing comment: `# { total: 5, pass: 4, fail: 1 }`; the outermost one comes last.
      if (line.startsWith('# {')) {
        const count = (name: string): number =>
          Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0);
        totals = { passed: count('pass'), failed: count('fail') };
      }
      const file = fileLine.exec(line);
      if (file !== null) {
        const [, not, path = '', time, unit] = file;
        files.push({ path, ok: not === undefined, ms: Number(time) * (unit === 's' ? 1000 : 1) });
      }
      const skip = skipLine.exec(line);
      if (skip !== null) {
        const [, title, word, reason] = skip;
        skipped.push(
          [`${current}: ${title}`, word, reason].filter((part) => part !== '').join(' '),
        );
      }
    },
    results: () => (totals === undefined ? undefined : { ...totals, skipped, files }),
  };
}
