import { type Bench, directHost, measureAll, withPeers } from '../bench.ts';
import { contest, type Contestant } from '../contest.ts';
import { NODE_VERSIONS, nodeBinary, type NodeMajor } from '../peers/npm.ts';
import { startSubject } from '../subject.ts';
import type { Section } from '../table.ts';

const majors = [24, 22, 26] as const satisfies readonly NodeMajor[];
const nameOf = (major: NodeMajor): string => `Node ${NODE_VERSIONS[major]}`;

const figures = [
  ['set-up p50', 'ms'],
  ['down, 8 streams', 'MB/s'],
  ['requests/s', '/s'],
] as const;

/** The same bundle by each Node that is supported. */
export async function nodesSideBySide(bench: Bench): Promise<Section> {
  const { tailnet, load, origin, scaled, rounds, say: complain } = bench;
  const starts = majors.map((major) => async () => {
    const node = nodeBinary(major);
    if (node === undefined) return undefined;
    return { ...(await startSubject(tailnet.facts, { node })), name: nameOf(major) };
  });
  return await withPeers(bench, [], starts, async (peers) => {
    const contestants = peers.map(({ name, http: proxy = '' }): Contestant => ({
      name,
      async measure() {
        const at = (port: number) => ({ proxy, target: `${directHost}:${port}` });
        const setup = { ...at(origin.echo), count: scaled(1500) };
        const bulk = { ...at(origin.bulk), bytes: scaled(1.5e8), streams: 8 };
        const forward = { ...at(origin.http), count: scaled(20_000), streams: 16 };
        return {
          'set-up p50': (await measureAll(load, 'setup', setup)).p50Ms,
          'down, 8 streams': (await measureAll(load, 'bulk', bulk)).mbPerSecond,
          'requests/s': (await measureAll(load, 'forward', forward)).perSecond,
        };
      },
    }));
    const outcome = await contest(contestants, { rounds, complain });
    const rows = figures.flatMap(([figure, unit]) =>
      majors
        .slice(1)
        .map((major) => outcome.ratio(nameOf(major), nameOf(24), figure))
        .concat(outcome.rows(figure, unit)),
    );
    return {
      title: 'Node 22, 24 and 26 side by side',
      about: 'On loopback with a direct route, the same bundle.',
      rows,
    };
  });
}
