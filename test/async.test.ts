import { once } from 'node:events';
import t from 'tap';
import { pause, withDeadline, within } from '../src/async.ts';

const never = new AbortController().signal;
const hour = 3_600_000;

void t.test('a pause ends at once when its signal aborts', async (t) => {
  const stop = new AbortController();
  const paused = pause(hour, stop.signal);
  stop.abort();
  await paused;
  await pause(hour, stop.signal);
  t.pass('both are over');
});

void t.test('what comes in time is handed on, and a failure too', async (t) => {
  t.equal(await within(hour, Promise.resolve('here')), 'here');
  t.equal(await within(hour, 'here'), 'here');
  await t.rejects(within(hour, Promise.reject(new Error('broken'))), { message: 'broken' });
});

void t.test('what takes too long is undefined, and may fail afterwards', async (t) => {
  const work = Promise.withResolvers<string>();
  t.equal(await within(1, work.promise), undefined);
  work.reject(new Error('late'));
  const stop = new AbortController();
  const waiting = within(hour, new Promise<string>(() => {}), stop.signal);
  stop.abort();
  t.equal(await waiting, undefined, 'so it is once the signal aborts');
  t.equal(await within(hour, new Promise<string>(() => {}), stop.signal), undefined);
});

void t.test(
  'work under a deadline is told when the time is over, or the caller gone',
  async (t) => {
    const ended = async (signal: AbortSignal): Promise<string> => {
      if (!signal.aborted) await once(signal, 'abort');
      return (signal.reason as Error).name;
    };
    t.equal(await withDeadline(never, 1, ended), 'TimeoutError');
    const stop = new AbortController();
    const working = withDeadline(stop.signal, hour, ended);
    stop.abort();
    t.equal(await working, 'AbortError');
    t.equal(await withDeadline(stop.signal, hour, ended), 'AbortError');
    t.equal(await withDeadline(never, hour, async () => 'done'), 'done');
  },
);
