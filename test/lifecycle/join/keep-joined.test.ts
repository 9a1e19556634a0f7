import t from 'tap';
import { SpacetailError } from '../../../src/errors.ts';
import type { Joined } from '../../../src/lifecycle/join/join.ts';
import { keepJoined, type TailnetChange } from '../../../src/lifecycle/join/keep-joined.ts';
import { mayBeTriedAgain } from '../../../src/lifecycle/run/keep-tailnet.ts';
import { waitFor } from '../../support/wait-for.ts';

/** One that runs until it is stopped. */
function joinedTailnet() {
  const exit = Promise.withResolvers<unknown>();
  let stops = 0;
  const tailscaled = {
    exited: exit.promise,
    stop: async () => {
      stops += 1;
      exit.resolve({ how: 'ended by SIGTERM', lastLines: [] });
    },
  };
  return { joined: { tailscaled } as unknown as Joined, exit, stops: () => stops };
}

const fast = { firstDelayMs: 1, longestDelayMs: 2 };

void t.test('a first join that failed is tried again until it succeeds', async (t) => {
  const one = joinedTailnet();
  const changes: TailnetChange['kind'][] = [];
  let attempts = 0;
  const keeper = keepJoined(undefined, {
    ...fast,
    async rejoin() {
      attempts += 1;
      if (attempts < 3) throw new SpacetailError('login_failed', 'not yet');
      return one.joined;
    },
    onChange(change) {
      changes.push(change.kind);
      if (change.kind === 'up')
        t.equal(keeper.current(), one.joined, 'it is there when it is told');
    },
  });
  t.equal(keeper.current(), undefined);
  await waitFor(() => keeper.current(), { what: 'the join' });
  t.same(changes, ['down', 'down', 'up']);
  t.equal(keeper.restarts(), 3);
  await keeper.stop(0);
  t.equal(one.stops(), 1);
  t.same(changes.length, 3, 'a stop is no change');
});

void t.test('one that waits for a person is not tried again: each attempt is a node', async (t) => {
  let attempts = 0;
  const down = Promise.withResolvers<void>();
  const keeper = keepJoined(undefined, {
    ...fast,
    rejoin() {
      attempts += 1;
      return Promise.reject(new SpacetailError('needs_machine_auth', 'it waits for approval'));
    },
    onChange: () => down.resolve(),
    isWorthAnother: mayBeTriedAgain,
  });
  await down.promise;
  await waitFor(() => attempts > 1, { deadlineMs: 100 }).catch(() => {});
  await keeper.stop(0);
  t.equal(attempts, 1);
  for (const [code, again] of [
    ['needs_machine_auth', false],
    ['tailnet_locked', false],
    ['config_invalid', false],
    ['login_failed', true],
    ['api_unreachable', true],
  ] as const)
    t.equal(mayBeTriedAgain(new SpacetailError(code, '')), again, code);
});

void t.test('stop ends a pause and a join that is under way', async (t) => {
  const pausing = keepJoined(undefined, {
    firstDelayMs: 600_000,
    rejoin: () => Promise.reject(new Error('never asked')),
    onChange: () => t.fail('nothing changes'),
  });
  await pausing.stop(0);
  const late = joinedTailnet();
  const begun = Promise.withResolvers<void>();
  const joining = keepJoined(undefined, {
    ...fast,
    async rejoin(signal) {
      begun.resolve();
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      return late.joined;
    },
    onChange: () => t.fail('nothing changes'),
  });
  await begun.promise;
  await joining.stop(0);
  t.equal(late.stops(), 1, 'one that came too late does not stay');
});
