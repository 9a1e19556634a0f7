/** What `make test` says at its end. */
import type { StepResult } from '../steps.ts';
import type { TapResults } from './tap-results.ts';

export interface Tally {
  /** A step that passes or fails as a whole: counts as one. */
  addStep(title: string, result: StepResult): void;
  /** A step by tap: each assertion counts. */
  addTap(title: string, result: StepResult, counted: TapResults | undefined): void;
  readonly failed: number;
  /** Times, what has failed and what was left out; `N passed, N failed` alone on the last line. */
  summary(): string;
}

const slowestShown = 15;

export function createTally(): Tally {
  let [passed, failed] = [0, 0];
  const steps: { readonly title: string; readonly seconds: number }[] = [];
  const files: { readonly path: string; readonly ms: number }[] = [];
  const failures: string[] = [];
  const skipped: string[] = [];
  return {
    addStep(title, { ok, seconds }) {
      steps.push({ title, seconds });
      if (ok) passed += 1;
      else failed += 1;
      if (!ok) failures.push(title);
    },
    addTap(title, { ok, seconds }, counted) {
      steps.push({ title, seconds });
      passed += counted?.passed ?? 0;
      const assertions = counted?.failed ?? 0;
      // A runner that ran nothing has not passed, and one that failed without saying where has failed once.
      const ranNothing = counted === undefined || counted.passed + counted.failed === 0;
      failed += ranNothing || (!ok && assertions === 0) ? assertions + 1 : assertions;
      const broken = counted?.files.filter((file) => !file.ok).map(({ path }) => path) ?? [];
      if (!ok || ranNothing || assertions > 0)
        failures.push(...(broken.length > 0 ? broken : [title]));
      files.push(...(counted?.files ?? []));
      skipped.push(...(counted?.skipped ?? []));
    },
    get failed() {
      return failed;
    },
    summary() {
      const slowest = files.toSorted((a, b) => b.ms - a.ms).slice(0, slowestShown);
      const parts = [
        section(
          'time by step:',
          steps.map(({ title, seconds }) => timed(seconds, title)),
        ),
        section(
          'slowest test files:',
          slowest.map(({ path, ms }) => timed(ms / 1000, path)),
        ),
        section('left out by SKIP or TODO:', skipped),
        section('failed:', failures),
      ];
      const leftOut = skipped.length === 0 ? '' : `, ${skipped.length} skipped`;
      return [...parts, `${passed} passed, ${failed} failed${leftOut}`]
        .filter(Boolean)
        .join('\n\n');
    },
  };
}

const timed = (seconds: number, what: string): string =>
  `${seconds.toFixed(1).padStart(6)} s ${what}`;

const section = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : [title, ...lines.map((line) => `  ${line}`)].join('\n');
