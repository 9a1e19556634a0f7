import './inside.ts';
import t from 'tap';
import { buildLoad, loadOf } from '../bench/load.ts';
import { run } from '../support/run.ts';
import { startFarSide } from './far-side.ts';

const load = loadOf(await buildLoad());

void t.test('the wire to the far side holds every frame, both ways', async (t) => {
  const far = await startFarSide({ delayMs: 10 });
  t.teardown(() => far.stop());
  const origin = await load.origin(far.farAddress, far.enter);
  t.teardown(() => origin.stop());
  const echo = { proxy: '', target: `${far.farAddress}:${origin.echo}` };
  const bulk = { proxy: '', target: `${far.farAddress}:${origin.bulk}`, bytes: 2_000_000 };

  const held = await load.measure('setup', { ...echo, count: 5 });
  t.match(held, { count: 5, errors: {} });
  t.ok(held.p50Ms >= 40, `${held.p50Ms} ms for two round trips: connect and a byte`);

  await far.change({ delayMs: 1, loss: 0.02 });
  for (const up of [true, false]) {
    const carried = await load.measure('bulk', { ...bulk, up });
    t.match(carried, { count: 1, errors: {} }, 'what is lost is sent again, no byte is changed');
  }

  await far.change({ delayMs: 0, loss: 1 });
  const ask = () => run('curl', ['-sS', '-m', '1', `http://${far.farAddress}:${origin.http}/`]);
  t.match(await ask(), { code: 28, stdout: '' }, 'over a wire that is cut, time runs out');
  await far.change({ loss: 0 });
  t.match(await ask(), { code: 0, stdout: 'hello' });
});

void t.test(
  'a far side that has stopped leaves nothing behind, and may be made again',
  async (t) => {
    const links = async (): Promise<string> =>
      (await run('/usr/sbin/ip', ['-brief', 'link'])).stdout;
    const far = await startFarSide();
    t.match(await links(), /near0/);
    await far.stop();
    const left = await links();
    t.match(left, /^lo /m);
    t.notMatch(left, /near|far/);
    const again = await startFarSide();
    await again.stop();
  },
);
