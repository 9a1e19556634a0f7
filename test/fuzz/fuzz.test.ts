import t from 'tap';
import { corpusFolders, readCorpus } from './corpus.ts';
import { runTarget } from './run-target.ts';
import { fuzzTargets } from './targets.ts';

void t.test('each target has a corpus, and each corpus a target', async (t) => {
  t.same(corpusFolders(), fuzzTargets.map(({ name }) => name).toSorted());
  const few = fuzzTargets.filter(({ name }) => readCorpus(name).length < 3);
  t.same(few, [], 'at least three inputs each');
});

for (const target of fuzzTargets) {
  void t.test(`${target.name}: holds for its corpus and for what is near to it`, async (t) => {
    const wrong: string[] = [];
    for (const { file, bytes } of readCorpus(target.name)) {
      try {
        await target.check(bytes);
      } catch (error) {
        wrong.push(`corpus/${target.name}/${file}: ${String(error)}`);
      }
    }
    t.same(wrong, []);
    // A seed of its own would find other things each time, which is what `make fuzz` is for.
    const { runs, failure } = await runTarget(target, { seed: 17, numRuns: 1000 });
    t.equal(failure?.why, undefined, `${runs} runs: ${failure?.bytes.toString('latin1') ?? ''}`);
  });
}

void t.test('a target that does not hold is found, and its input made small', async (t) => {
  const { failure } = await runTarget(
    {
      name: 'authority',
      words: ['@'],
      check: (bytes) => {
        if (bytes.includes('@')) throw new Error('an @');
      },
    },
    { seed: 17, numRuns: 1000 },
  );
  t.match(failure, { why: /an @/ });
  t.ok((failure?.bytes.length ?? Infinity) < 60, 'small');
});
