import t from 'tap';
import { Sample } from '../../src/report/sample.ts';

void t.test(
  'the median is exact up to 256 values, between the middle two of an even count',
  async (t) => {
    const sample = new Sample();
    t.equal(sample.median(), null);
    t.equal(sample.max(), null);
    for (const value of [5, 1, 9]) sample.add(value);
    t.equal(sample.median(), 5);
    sample.add(7);
    t.equal(sample.median(), 6);
    t.equal(sample.max(), 9);
  },
);

void t.test(
  'a million values take no more memory, keep the maximum and a fair median',
  async (t) => {
    const sample = new Sample();
    for (let value = 0; value < 1_000_000; value++) sample.add(value);
    t.equal(sample.max(), 999_999);
    const median = sample.median() ?? 0;
    // 256 values: the standard error of the median is 3 % of the range; eight of them never happen.
    t.ok(Math.abs(median - 500_000) < 250_000, `median ${median}`);
  },
);
