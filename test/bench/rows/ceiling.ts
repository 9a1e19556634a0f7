import { type Bench, directHost, measureAll } from '../bench.ts';
import { contest } from '../contest.ts';
import { spreadOf } from '../figures.ts';
import type { Section } from '../table.ts';

/** What the load generator and its origin do with nothing between them. */
export async function ceiling(bench: Bench): Promise<Section> {
  const { load, origin, scaled, rounds, say } = bench;
  const at = (port: number): { proxy: string; target: string } => ({
    proxy: '',
    target: `${directHost}:${port}`,
  });
  const bulk = { ...at(origin.bulk), bytes: scaled(1e9) };
  const eight = { ...at(origin.bulk), bytes: scaled(2.5e8), streams: 8 };
  const contestant = {
    name: 'no proxy',
    measure: async () => {
      const setup = await measureAll(load, 'setup', { ...at(origin.echo), count: scaled(2000) });
      const tls = await measureAll(load, 'tls', {
        ...at(origin.tls),
        count: scaled(1000),
        streams: 8,
      });
      const forward = { ...at(origin.http), count: scaled(50_000), streams: 16 };
      return {
        'set-up p50': setup.p50Ms,
        'set-up p99': setup.p99Ms,
        'short TLS connections': tls.perSecond,
        'requests, keep-alive': (await measureAll(load, 'forward', forward)).perSecond,
        'down, 1 stream': (await measureAll(load, 'bulk', bulk)).mbPerSecond,
        'down, 8 streams': (await measureAll(load, 'bulk', eight)).mbPerSecond,
        'up, 1 stream': (await measureAll(load, 'bulk', { ...bulk, up: true })).mbPerSecond,
        'up, 8 streams': (await measureAll(load, 'bulk', { ...eight, up: true })).mbPerSecond,
      };
    },
  };
  const outcome = await contest([contestant], { rounds, complain: say });
  const row = (figure: string, unit: string) => ({
    what: figure,
    spread: spreadOf(outcome.values('no proxy', figure)),
    unit,
  });
  return {
    title: "The load generator's own ceiling",
    about: 'Straight to the origin, without a proxy: no figure below can be better than these.',
    rows: [
      row('set-up p50', 'ms'),
      row('set-up p99', 'ms'),
      row('short TLS connections', '/s'),
      row('requests, keep-alive', '/s'),
      ...['down, 1 stream', 'down, 8 streams', 'up, 1 stream', 'up, 8 streams'].map((figure) =>
        row(figure, 'MB/s'),
      ),
    ],
  };
}
