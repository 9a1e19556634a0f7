import t from 'tap';
import { AnswerCache } from '../../../src/dns/resolve/answer-cache.ts';

interface Clock {
  nowMs: number;
}

function setUp(capacity = 10): {
  cache: AnswerCache<number>;
  clock: Clock;
  ask: () => Promise<number>;
  asked: () => number;
} {
  const clock = { nowMs: 0 };
  let asked = 0;
  return {
    cache: new AnswerCache<number>(capacity, () => clock.nowMs),
    clock,
    ask: async () => ++asked,
    asked: () => asked,
  };
}

void t.test('an answer is kept for as long as it holds', async (t) => {
  const { cache, clock, ask } = setUp();
  t.equal(await cache.get('a', ask, () => 100), 1);
  clock.nowMs = 99;
  t.equal(await cache.get('a', ask, () => 100), 1);
  clock.nowMs = 100;
  t.equal(await cache.get('a', ask, () => 100), 2);
});

void t.test('the same question in flight is asked once, and a failure is not kept', async (t) => {
  const { cache } = setUp();
  let fail: (error: Error) => void = () => {};
  let calls = 0;
  const ask = () => {
    calls++;
    return new Promise<number>((_resolve, reject) => (fail = reject));
  };
  const both = Promise.allSettled([cache.get('a', ask, () => 9), cache.get('a', ask, () => 9)]);
  fail(new Error('broken'));
  t.same(
    (await both).map((end) => end.status),
    ['rejected', 'rejected'],
  );
  t.equal(calls, 1);
  t.equal(
    await cache.get(
      'a',
      async () => 5,
      () => 9,
    ),
    5,
  );
});

void t.test('a TTL of zero is not kept', async (t) => {
  const { cache, ask } = setUp();
  await cache.get('a', ask, () => 0);
  t.equal(await cache.get('a', ask, () => 0), 2);
});

void t.test('what was asked before the cache was cleared is not kept', async (t) => {
  const { cache, ask } = setUp();
  let answer: (value: number) => void = () => {};
  const old = cache.get(
    'a',
    () => new Promise<number>((resolve) => (answer = resolve)),
    () => 100,
  );
  cache.clear();
  answer(77);
  t.equal(await old, 77);
  t.equal(await cache.get('a', ask, () => 100), 1);
});

void t.test('it keeps no more than it may', async (t) => {
  const { cache, ask, asked } = setUp(2);
  for (const key of ['a', 'b', 'c']) await cache.get(key, ask, () => 100);
  await cache.get('c', ask, () => 100);
  t.equal(asked(), 3);
  await cache.get('a', ask, () => 100);
  t.equal(asked(), 4, 'the oldest is gone');
});
