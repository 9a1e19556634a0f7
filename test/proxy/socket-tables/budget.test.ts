import t from 'tap';
import { Budget, type BudgetOptions } from '../../../src/proxy/socket-tables/budget.ts';

/** A budget, and the clock it goes by. */
function budgetOf(options: BudgetOptions): { budget: Budget; pass: (ms: number) => void } {
  let nowMs = 0;
  return { budget: new Budget(options, () => nowMs), pass: (ms) => (nowMs += ms) };
}

void t.test('some work is free at once, more has to be waited for', async (t) => {
  const { budget, pass } = budgetOf({ burstMs: 10, share: 0.5 });
  t.equal(budget.waitMs, 0);
  budget.spend(8);
  t.equal(budget.waitMs, 0);
  budget.spend(22);
  t.equal(budget.waitMs, 40, '20 over the budget');
  pass(30);
  t.equal(budget.waitMs, 10);
  pass(10);
  t.equal(budget.waitMs, 0);
});

void t.test('what is not used is not saved up', async (t) => {
  const { budget, pass } = budgetOf({ burstMs: 10, share: 1 });
  pass(30);
  budget.spend(28);
  t.equal(budget.waitMs, 18);
});

void t.test('what was spent in a flood is not paid for long after it', async (t) => {
  const { budget } = budgetOf({ burstMs: 10, share: 0.5 });
  for (let look = 0; look < 100; look += 1) budget.spend(60);
  t.equal(budget.waitMs, 40);
});
