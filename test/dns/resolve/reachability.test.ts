import t from 'tap';
import { Reachability } from '../../../src/dns/resolve/reachability.ts';
import { LocalApi } from '../../../src/dns/local-api/local-api.ts';
import { startFakeLocalApi } from '../../support/fake-local-api.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

interface Test {
  teardown(callback: () => unknown): unknown;
}

async function setUp(t: Test) {
  const fake = await startFakeLocalApi(tmpFolder(t));
  const stop = new AbortController();
  t.teardown(async () => {
    stop.abort();
    await fake.close();
  });
  const reachability = new Reachability(new LocalApi(fake.socketPath), stop.signal);
  return { fake, reachability, stop };
}

void t.test(
  'a peer is pinged until it answers, by all who wait together, and never again',
  async (t) => {
    const { fake, reachability } = await setUp(t);
    let pings = 0;
    fake.handlers.set('ping', (_request, response) => {
      // The first gets lost, as it does while the peer has not heard of this node.
      if (++pings > 1) response.end('{"IP":"100.64.0.2"}');
    });
    t.same(await Promise.all([reachability.meet('100.64.0.2'), reachability.meet('100.64.0.2')]), [
      true,
      true,
    ]);
    t.equal(await reachability.meet('100.64.0.2'), true);
    t.equal(pings, 2);
    reachability.forget();
    t.equal(await reachability.meet('100.64.0.2'), true);
    t.equal(pings, 3);
  },
);

void t.test(
  'a peer that does not answer keeps nobody for long, and is asked again the next time',
  async (t) => {
    const { fake, reachability } = await setUp(t);
    fake.answer('ping', { Err: 'no matching peer' });
    const startedMs = performance.now();
    t.equal(await reachability.meet('100.64.0.3'), false);
    const tookMs = performance.now() - startedMs;
    t.ok(tookMs > 1_000 && tookMs < 10_000, `${tookMs} ms`);
    t.ok(
      fake.asked.length <= 7,
      `${fake.asked.length} pings: a refusal is not asked for again and again`,
    );
    fake.answer('ping', { IP: '100.64.0.3' });
    t.equal(await reachability.meet('100.64.0.3'), true);
  },
);

void t.test('the end of the run ends the waiting', async (t) => {
  const { fake, reachability, stop } = await setUp(t);
  fake.handlers.set('ping', () => {});
  const meeting = reachability.meet('100.64.0.4');
  stop.abort();
  t.equal(await meeting, false);
});
