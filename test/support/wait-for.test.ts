import t from 'tap';

import { waitFor } from './wait-for.ts';

void t.test('it returns the first value that is true, and outlives errors before it', async (t) => {
  let calls = 0;
  const value = await waitFor(
    () => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return calls === 3 && 'done';
    },
    { intervalMs: 1 },
  );
  t.equal(value, 'done');
  t.equal(calls, 3);
});

void t.test('at the deadline it says what it waited for, and the last error', async (t) => {
  const never = waitFor(() => Promise.reject(new Error('broken')), {
    deadlineMs: 10,
    intervalMs: 1,
    what: 'the moon',
  });
  await t.rejects(never, {
    message: 'the moon did not come true within 10 ms',
    cause: { message: 'broken' },
  });
});

void t.test('an abort ends the wait with its reason', async (t) => {
  const signal = AbortSignal.timeout(10);
  await t.rejects(
    waitFor(() => false, { signal, intervalMs: 1000 }),
    { name: /Abort|Timeout/ },
  );
});
