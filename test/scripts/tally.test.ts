import t from 'tap';
import { createTally } from '../../scripts/test/tally.ts';
import { readTap } from '../../scripts/test/tap-results.ts';

const ended = (ok: boolean) => ({ ok, seconds: 2 });

function resultsOf(text: string) {
  const tap = readTap();
  for (const line of text.split('\n')) tap.onLine(line);
  return tap.results();
}

const withSkips = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: one
        ok 1 - fine
        ok 2 - not yet # SKIP no disk
        not ok 3 - later # TODO
        1..3
    ok 1 - one # time=11.834ms
    ok 2 - two # SKIP
    1..2
ok 1 - test/a.test.ts # time=30.236ms
# Subtest: test/b.test.ts
    not ok 1 - wrong
not ok 2 - test/b.test.ts # time=1.5s
# { total: 5, pass: 1, fail: 1, todo: 1, skip: 2 }
`;

void t.test('tap is counted, with its files and what it left out', async (t) => {
  t.strictSame(resultsOf(withSkips), {
    passed: 1,
    failed: 1,
    skipped: [
      'test/a.test.ts: not yet SKIP no disk',
      'test/a.test.ts: later TODO',
      'test/a.test.ts: two SKIP',
    ],
    files: [
      { path: 'test/a.test.ts', ok: true, ms: 30.236 },
      { path: 'test/b.test.ts', ok: false, ms: 1500 },
    ],
  });
  t.equal(resultsOf('TAP version 14\nok 1 - test/a.test.ts # time=1ms\n'), undefined);
});

void t.test(
  'the last line has the counts alone; what was left out is named before it',
  async (t) => {
    const tally = createTally();
    tally.addStep('build', ended(true));
    t.equal(tally.summary().split('\n').at(-1), '1 passed, 0 failed');
    tally.addTap('unit tests', ended(false), resultsOf(withSkips));
    tally.addStep('demo', ended(false));
    t.equal(tally.failed, 2);
    const lines = tally.summary().split('\n');
    t.equal(lines.at(-1), '2 passed, 2 failed, 3 skipped');
    t.match(tally.summary(), /left out[^]*two SKIP\n\nfailed:\n {2}test\/b\.test\.ts\n {2}demo\n/);
    t.match(tally.summary(), /1\.5 s test\/b\.test\.ts\n.*0\.0 s test\/a\.test\.ts/);
  },
);

void t.test('a runner that ran nothing, or failed without a failure, has failed', async (t) => {
  const nothing = createTally();
  nothing.addTap('unit tests', ended(true), undefined);
  t.match(nothing.summary(), /failed:\n {2}unit tests\n\n0 passed, 1 failed$/);
  const crashed = createTally();
  crashed.addTap('unit tests', ended(false), { passed: 3, failed: 0, skipped: [], files: [] });
  t.match(crashed.summary(), /failed:\n {2}unit tests\n\n3 passed, 1 failed$/);
});
