import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { Budget } from '../../../src/proxy/socket-tables/budget.ts';

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
  const budget = new Budget({ burstMs: 10, share: 1 });
  await delay(30);
  budget.spend(28);
  t.ok(budget.waitMs > 10);
});

void t.test('what was spent in a flood is not paid for long after it', async (t) => {
  const budget = new Budget({ burstMs: 10, share: 0.5 });
  for (let look = 0; look < 100; look += 1) budget.spend(60);
  t.ok(budget.waitMs <= 40, `${budget.waitMs} ms`);
});
