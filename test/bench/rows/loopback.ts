import { type Bench, directHost, measureAll, withPeers } from '../bench.ts';
import { contest, type Contestant, type Outcome } from '../contest.ts';
import type { Peer } from '../peers/peer.ts';
import { startDebianPeer, startNodePeer } from '../peers/start.ts';
import { startSubject } from '../subject.ts';
import type { Row, Section } from '../table.ts';
import { whileUsing } from '../usage.ts';

const shapes = [
  { name: 'down, 8 streams', streams: 8, up: false },
  { name: 'down, 1 stream', streams: 1, up: false },
  { name: 'up, 8 streams', streams: 8, up: true },
  { name: 'up, 1 stream', streams: 1, up: true },
] as const;

/** What the ratios need comes first; a peer that is missing makes rows that say so. */
const carriers = [
  'haproxy',
  'node pipe',
  'splice',
  'proxy-chain',
  'tinyproxy',
  'squid',
  'microsocks',
];

function transfers({ load, origin, scaled }: Bench, peer: Peer): Contestant {
  // HAProxy in TCP mode is no proxy that is asked: it stands where the origin would.
  const way =
    peer.relayed === undefined
      ? { proxy: peer.http ?? peer.socks ?? '', target: `${directHost}:${origin.bulk}` }
      : { proxy: '', target: `127.0.0.1:${peer.relayed.bulk}` };
  return {
    name: peer.name,
    async measure() {
      const figures: Record<string, number> = {};
      for (const { name: shape, streams, up } of shapes) {
        const options = { ...way, streams, bytes: Math.ceil(scaled(1.2e9) / streams), up };
        const { result, cpuSeconds } = await whileUsing(peer.pids, () =>
          measureAll(load, 'bulk', options),
        );
        figures[shape] = result.mbPerSecond;
        figures[`CPU, ${shape}`] = cpuSeconds / (result.bytes / 1e9);
      }
      return figures;
    },
  };
}

function rowsOf(outcome: Outcome): Row[] {
  const down = 'down, 8 streams';
  const barred = [
    outcome.ratio('spacetail', 'haproxy', down, { is: 'least', must: 1.5, goal: 2.4 }),
    outcome.ratio('spacetail', 'node pipe', down, { is: 'least', must: 1.6 }),
    outcome.ratio('spacetail', 'splice', down),
    outcome.ratio('spacetail', 'node pipe', `CPU, ${down}`, { is: 'most', must: 0.7, goal: 0.5 }),
  ];
  const plain = shapes.flatMap(({ name: shape }) =>
    outcome.rows(shape, 'MB/s').concat(outcome.rows(`CPU, ${shape}`, 's / GB')),
  );
  return barred.concat(plain);
}

export async function throughputOnLoopback(bench: Bench, folder: string): Promise<Section> {
  const { tailnet, load, origin, rounds, say: complain } = bench;
  const ground = { folder, origin, host: directHost };
  const others = [
    ...(['haproxy', 'tinyproxy', 'squid', 'microsocks'] as const).map(
      (name) => () => startDebianPeer(name, ground),
    ),
    ...(['pipe', 'proxy-chain'] as const).map((kind) => () => startNodePeer(kind, ground)),
    () => load.splice(),
  ];
  const ours = [() => startSubject(tailnet.facts)];
  return await withPeers(bench, ours, others, async (peers) => {
    const inOrder = peers.toSorted((a, b) => carriers.indexOf(a.name) - carriers.indexOf(b.name));
    const outcome = await contest(
      inOrder.map((peer) => transfers(bench, peer)),
      { rounds, complain },
    );
    return {
      title: 'On loopback, direct route: throughput',
      about:
        'CONNECT (microsocks: SOCKS5); HAProxy in TCP mode, with its defaults, leads straight to the origin. The goal is what a splicing proxy in C reaches against HAProxy; `splice` is one in Go. Every byte is compared.',
      rows: rowsOf(outcome),
    };
  });
}
