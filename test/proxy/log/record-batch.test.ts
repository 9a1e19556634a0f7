import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { batchRecords } from '../../../src/proxy/log/record-batch.ts';
import { requestRecord } from '../../support/request-record.ts';
import { waitFor } from '../../support/wait-for.ts';

/** The ids of each batch. */
function collecting() {
  const batches: string[][] = [];
  const records = batchRecords((ended) => batches.push(ended.map(({ id }) => id)));
  const add = (...ids: string[]) => ids.forEach((id) => records.add(requestRecord({ id })));
  return { batches, records, add };
}

void t.test(
  'records that end within a moment are dealt with together, in their order',
  async (t) => {
    const { batches, add } = collecting();
    add('a', 'b');
    await sleep(0);
    add('c');
    t.same(batches, []);
    await waitFor(() => batches.length > 0);
    t.same(batches, [['a', 'b', 'c']]);
    add('d');
    await waitFor(() => batches.length > 1);
    t.same(batches, [['a', 'b', 'c'], ['d']]);
  },
);

void t.test('flush deals with what waits now, and not again later', async (t) => {
  const { batches, records, add } = collecting();
  records.flush();
  add('a');
  records.flush();
  records.flush();
  t.same(batches, [['a']]);
  await sleep(100);
  t.same(batches, [['a']]);
});

void t.test('many at once do not wait', async (t) => {
  const { batches, add } = collecting();
  add(...Array.from({ length: 300 }, (_, at) => String(at)));
  t.same(
    batches.map(({ length }) => length),
    [128, 128],
  );
  await waitFor(() => batches.length === 3);
  t.same(
    batches.flat(),
    Array.from({ length: 300 }, (_, at) => String(at)),
  );
});
