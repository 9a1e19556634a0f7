import * as fc from 'fast-check';
import { readCorpus } from './corpus.ts';
import { inputsOf } from './inputs.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzRun {
  readonly runs: number;
  /** The smallest input found, and what does not hold for it. */
  readonly failure: { readonly bytes: Buffer; readonly why: string } | undefined;
}

/** `numRuns` inputs near to the target's corpus, or as many as fit into `timeoutMs`. The seed makes it repeatable. */
export async function runTarget(
  target: FuzzTarget,
  options: { readonly seed: number; readonly numRuns: number; readonly timeoutMs?: number },
): Promise<FuzzRun> {
  const corpus = readCorpus(target.name).map(({ bytes }) => bytes);
  const { timeoutMs, ...rest } = options;
  const result = await fc.check(
    fc.asyncProperty(inputsOf(corpus, target.words), async (bytes) => {
      await target.check(bytes);
    }),
    {
      ...rest,
      endOnFailure: false,
      ...(timeoutMs === undefined ? {} : { interruptAfterTimeLimit: timeoutMs }),
    },
  );
  const [bytes] = result.counterexample ?? [];
  if (bytes === undefined) return { runs: result.numRuns, failure: undefined };
  return { runs: result.numRuns, failure: { bytes, why: String(result.errorInstance) } };
}
