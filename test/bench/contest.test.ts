import t from 'tap';
import { contest } from './contest.ts';

void t.test('all take their turn in every round, and the first round does not count', async (t) => {
  const turns: string[] = [];
  const contestant = (name: string, figures: number[]) => ({
    name,
    measure: () => {
      turns.push(name);
      return Promise.resolve({ ms: figures.shift() ?? Number.NaN });
    },
  });
  const outcome = await contest([contestant('a', [100, 1, 2]), contestant('b', [200, 4, 4])], {
    rounds: 2,
    complain: (line) => t.fail(line),
  });
  t.same(turns, ['b', 'a', 'a', 'b', 'b', 'a']);
  t.same(outcome.values('a', 'ms'), [1, 2]);
  t.same(outcome.ratio('a', 'b', 'ms').spread, { min: 0.25, median: 0.375, max: 0.5 });
  t.same(
    outcome.rows('ms', 'ms').map(({ what }) => what),
    ['ms: a', 'ms: b'],
  );
});

void t.test('a turn that fails is said and not measured; the others go on', async (t) => {
  const complaints: string[] = [];
  let turn = 0;
  const shaky = {
    name: 'shaky',
    measure: () => {
      turn += 1;
      return turn === 2 ? Promise.reject(new Error('9 × reset')) : Promise.resolve({ ms: turn });
    },
  };
  const steady = { name: 'steady', measure: () => Promise.resolve({ ms: 1 }) };
  const outcome = await contest([shaky, steady], {
    rounds: 2,
    complain: (line) => complaints.push(line),
  });
  t.same(complaints, ['shaky: 9 × reset']);
  t.same(outcome.values('shaky', 'ms'), [Number.NaN, 3]);
  t.same(outcome.values('steady', 'ms'), [1, 1]);
});

void t.test('a ratio with a peer that is not here says so', async (t) => {
  const ours = { name: 'ours', measure: () => Promise.resolve({ ms: 1 }) };
  const outcome = await contest([ours], { rounds: 1, complain: () => {} });
  const { note, spread } = outcome.ratio('ours', 'squid', 'ms', { is: 'most', must: 1 });
  t.equal(note, 'squid is not here');
  t.ok(Number.isNaN(spread.median));
});
