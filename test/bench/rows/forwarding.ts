import { type Bench, directHost, measureAll, withPeers } from '../bench.ts';
import { contest, type Contestant } from '../contest.ts';
import type { Peer } from '../peers/peer.ts';
import { startDebianPeer, startNodePeer } from '../peers/start.ts';
import { startSubject } from '../subject.ts';
import type { Section } from '../table.ts';
import { whileUsing } from '../usage.ts';

const atOnce = 16;

function requests({ load, origin, scaled }: Bench, peer: Peer): Contestant {
  const proxy = peer.relayed === undefined ? peer.http : `http://127.0.0.1:${peer.relayed.http}`;
  const target = `${directHost}:${origin.http}`;
  const options = { proxy: proxy ?? '', target, count: scaled(20_000), streams: atOnce };
  return {
    name: peer.name,
    async measure() {
      const used = await whileUsing(peer.pids, () => measureAll(load, 'forward', options));
      const { perSecond, p50Ms, p99Ms } = used.result;
      const cpu = (used.cpuSeconds * 1e6) / options.count;
      return { 'requests/s': perSecond, p50: p50Ms, p99: p99Ms, CPU: cpu };
    },
  };
}

export async function forwarding(bench: Bench, folder: string): Promise<Section> {
  const { tailnet, origin, rounds, say: complain } = bench;
  const ground = { folder, origin, host: directHost };
  const others = [
    ...(['tinyproxy', 'haproxy', 'squid'] as const).map(
      (name) => () => startDebianPeer(name, ground),
    ),
    ...(['proxy-chain', 'http-proxy', 'http-proxy-3'] as const).map(
      (kind) => () => startNodePeer(kind, ground),
    ),
  ];
  const ours = [() => startSubject(tailnet.facts)];
  return await withPeers(bench, ours, others, async (peers) => {
    const outcome = await contest(
      peers.map((peer) => requests(bench, peer)),
      { rounds, complain },
    );
    const rate = 'requests/s';
    return {
      title: 'On loopback: absolute-form requests, keep-alive',
      about: `${atOnce} connections that are kept, five bytes a response. HAProxy in HTTP mode, to one origin.`,
      rows: [
        outcome.ratio('spacetail', 'tinyproxy', rate, { is: 'least', must: 1.3 }),
        outcome.ratio('spacetail', 'haproxy', rate, { is: 'least', goal: 0.33 }),
        outcome.ratio('spacetail', 'squid', rate),
        outcome.ratio('spacetail', 'http-proxy-3', rate),
        ...outcome.rows(rate, '/s'),
        ...outcome.rows('p50', 'ms'),
        ...outcome.rows('p99', 'ms'),
        ...outcome.rows('CPU', 'µs a request'),
      ],
    };
  });
}
