/**
 * `make fuzz SECONDS=n`: the targets in turn for n seconds in all, with a new seed. What does not hold becomes a file
 * of the corpus and the exit code 1. SEED=n repeats a run, TARGET=name keeps to one.
 */
import { addToCorpus } from './corpus.ts';
import { runTarget } from './run-target.ts';
import { fuzzTargets } from './targets.ts';

const seconds = Number(process.env['SECONDS_IN_ALL'] ?? 60);
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const wanted = process.env['TARGET'];
const targets = fuzzTargets.filter(({ name }) => wanted === undefined || name === wanted);
if (targets.length === 0 || !(seconds > 0)) {
  console.error(`no such target or time: ${wanted ?? ''} ${seconds}`);
  process.exit(2);
}
console.log(`fuzz: ${targets.length} targets, ${seconds} s in all, SEED=${seed}`);
let failures = 0;
for (const target of targets) {
  const timeoutMs = (seconds * 1000) / targets.length;
  const { runs, failure } = await runTarget(target, { seed, numRuns: 10_000_000, timeoutMs });
  console.log(`${target.name.padEnd(20)} ${String(runs).padStart(9)} runs`);
  if (failure === undefined) continue;
  failures += 1;
  console.error(
    `  does not hold: ${failure.why}\n  input: corpus/${addToCorpus(target.name, failure.bytes)}`,
  );
}
console.log(`${failures} of ${targets.length} targets do not hold (SEED=${seed})`);
process.exitCode = failures === 0 ? 0 : 1;
