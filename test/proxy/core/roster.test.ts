import * as fc from 'fast-check';
import t from 'tap';
import { Roster } from '../../../src/proxy/core/roster.ts';
import type { Seat } from '../../../src/proxy/core/roster.ts';

void t.test('holds what a Set would, whatever comes and goes', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 })), (steps) => {
      const roster = new Roster<number>();
      const expected = new Map<number, Seat>();
      for (const [member, step] of steps.entries()) {
        const [leaving] = [...expected].slice(step % 7);
        if (step < 10 || leaving === undefined) expected.set(member, roster.add(member));
        else {
          expected.delete(leaving[0]);
          roster.remove(leaving[1]);
          roster.remove(leaving[1]);
        }
      }
      const members = roster.members().toSorted((a, b) => a - b);
      return roster.size === expected.size && members.join() === [...expected.keys()].join();
    }),
  );
  t.pass('1 member after the other');
});
