import t from 'tap';
import { Coalescer } from '../../../src/dns/index/coalesce.ts';

void t.test(
  'requests during a run lead to one more run, no sooner than the interval',
  async (t) => {
    const stop = new AbortController();
    const startsMs: number[] = [];
    let finished: () => void = () => {};
    const third = new Promise<void>((resolve) => (finished = resolve));
    const coalescer = new Coalescer(
      async () => {
        startsMs.push(performance.now());
        // Requested while it runs, five times: still one run.
        if (startsMs.length < 3) for (let at = 0; at < 5; at++) coalescer.request();
        else finished();
      },
      () => 40,
      stop.signal,
    );
    coalescer.request();
    t.equal(startsMs.length, 1, 'the first runs at once');
    await third;
    stop.abort();
    await coalescer.idle();
    t.equal(startsMs.length, 3);
    t.ok(startsMs[2]! - startsMs[1]! >= 35, `${startsMs[2]! - startsMs[1]!} ms apart`);
  },
);

void t.test('nothing runs after the end', async (t) => {
  const stop = new AbortController();
  let runs = 0;
  const coalescer = new Coalescer(
    async () => void runs++,
    () => 0,
    stop.signal,
  );
  stop.abort();
  coalescer.request();
  await coalescer.idle();
  t.equal(runs, 0);
});
