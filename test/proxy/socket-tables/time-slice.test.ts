import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { TimeSlice } from '../../../src/proxy/socket-tables/time-slice.ts';
import { waitFor } from '../../support/wait-for.ts';

function useUp(slice: TimeSlice): void {
  slice.begin();
  while (!slice.isOver);
  slice.end();
}

void t.test(
  'pieces of work that followed each other in one turn of the event loop had a slice each, and the turn took them all',
  async (t) => {
    const [slice, another] = [new TimeSlice(), new TimeSlice()];
    await nextTurn();
    useUp(slice);
    slice.begin();
    t.ok(slice.isOver, 'a second piece');
    slice.end();
    another.begin();
    t.ok(another.isOver, "somebody else's");
    another.end();
  },
);

void t.test('the next turn has a slice of its own', async (t) => {
  const slice = new TimeSlice();
  // Another program may take the core for longer than a slice.
  await waitFor(async () => {
    useUp(slice);
    slice.begin();
    await slice.rest();
    const { isOver } = slice;
    slice.end();
    return !isOver;
  });
  t.ok(slice.workedMs > 0, 'what was done counts');
});
