import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { Looks } from '../../../src/proxy/socket-tables/looks.ts';
import { waitFor } from '../../support/wait-for.ts';

const plenty = { budget: { burstMs: 1000, share: 1 } };

void t.test(
  'looks at the tables that took longer than the time between two asks ran side by side, each making the others slower',
  async (t) => {
    const batches: number[][] = [];
    let running = 0;
    let most = 0;
    const looks = new Looks<number>(async (batch) => {
      running += 1;
      most = Math.max(most, running);
      await delay(20);
      running -= 1;
      batches.push([...batch]);
    }, plenty);
    for (let asked = 0; asked < 30; asked += 1) {
      looks.ask(asked);
      await delay(1);
    }
    await waitFor(() => batches.flat().length === 30, { what: 'all answered' });
    t.equal(most, 1);
    t.ok(batches.length < 10, `${batches.length} looks`);
    t.strictSame(
      batches.flat(),
      Array.from({ length: 30 }, (_, at) => at),
      'each once, in order',
    );
  },
);

void t.test(
  'what is asked in one turn is one look, and a later ask gets a look of its own',
  async (t) => {
    const batches: string[][] = [];
    const looks = new Looks<string>(async (batch) => {
      batches.push([...batch]);
    }, plenty);
    looks.ask('a');
    looks.ask('b');
    await waitFor(() => batches.length === 1, { what: 'a look' });
    await nextTurn();
    looks.ask('c');
    await waitFor(() => batches.length === 2, { what: 'another' });
    t.strictSame(batches, [['a', 'b'], ['c']]);
  },
);

void t.test(
  'beyond their share of the time looks wait, and then serve all who came meanwhile',
  async (t) => {
    const batches: number[] = [];
    const looks = new Looks<number>(
      async (batch, slice) => {
        batches.push(batch.length);
        slice.begin();
        // Of the processor's time: on a busy machine the clock's is not all ours, and does not count.
        const before = process.cpuUsage();
        for (let usedUs = 0; usedUs < 10_000;) {
          const { user, system } = process.cpuUsage(before);
          usedUs = user + system;
        }
        slice.end();
      },
      { budget: { burstMs: 5, share: 0.1 } },
    );
    const startMs = performance.now();
    for (let asked = 0; asked < 100; asked += 1) {
      looks.ask(asked);
      await delay(1);
    }
    const answered = (): number => batches.reduce((sum, count) => sum + count, 0);
    await waitFor(() => answered() === 100, { what: 'all answered' });
    // 10 ms each: a tenth of the time, the 5 ms that are free, what is owed, and one that is under way.
    const tookMs = performance.now() - startMs;
    t.ok(batches.length <= tookMs / 100 + 3, `${batches.length} looks in ${tookMs} ms`);
  },
);

void t.test('a look begins at once after a rest, and those in a flood share one', async (t) => {
  const batches: number[][] = [];
  const looks = new Looks<number>(
    async (batch) => {
      batches.push([...batch]);
    },
    { ...plenty, restMs: 300 },
  );
  looks.ask(1);
  await waitFor(() => batches.length === 1, { what: 'the first look' });
  const startMs = performance.now();
  looks.ask(2);
  await delay(1);
  looks.ask(3);
  await waitFor(() => batches.length === 2, { what: 'the second look' });
  t.strictSame(batches, [[1], [2, 3]]);
  t.ok(performance.now() - startMs > 200, 'after its rest');
});
