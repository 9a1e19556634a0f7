import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { Budget } from '../../../src/proxy/client-process/budget.ts';

void t.test('some work is free at once, more has to be waited for', async (t) => {
  const budget = new Budget({ burstMs: 10, share: 0.5 });
  t.equal(budget.waitMs, 0);
  budget.spend(8);
  t.equal(budget.waitMs, 0);
  budget.spend(22);
  const { waitMs } = budget;
  t.ok(waitMs > 30 && waitMs <= 40, `${waitMs} ms for 20 over the budget`);
  await delay(waitMs + 1);
  t.equal(budget.waitMs, 0);
});

void t.test('what is not used is not saved up', async (t) => {
  const budget = new Budget({ burstMs: 1, share: 1 });
  await delay(30);
  budget.spend(21);
  t.ok(budget.waitMs > 10);
});
