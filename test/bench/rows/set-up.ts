import { run } from '../../support/run.ts';
import { type Bench, directHost, measureAll, tailnetHost, withPeers } from '../bench.ts';
import { contest, type Contestant } from '../contest.ts';
import type { Peer } from '../peers/peer.ts';
import { startDebianPeer, startNodePeer } from '../peers/start.ts';
import { allowText, startSubject } from '../subject.ts';
import { standInForTailscaled } from '../stand-in.ts';
import type { Section } from '../table.ts';
import { whileUsing } from '../usage.ts';

const perBatch = 1000;

function tunnels(
  { load, origin, scaled }: Bench,
  name: string,
  { proxy, host = directHost, pids }: { proxy: string; host?: string; pids: readonly number[] },
): Contestant {
  const echo = { proxy, target: `${host}:${origin.echo}` };
  const many = { ...echo, count: scaled(3000), streams: 16 };
  return {
    name,
    async measure() {
      const { p50Ms, p99Ms } = await measureAll(load, 'setup', { ...echo, count: scaled(1500) });
      const used = await whileUsing(pids, () => measureAll(load, 'setup', many));
      return {
        'set-up p50': p50Ms,
        'set-up p99': p99Ms,
        '16 at a time': used.result.perSecond,
        CPU: (used.cpuSeconds * 1000) / (many.count / perBatch),
      };
    },
  };
}

/** The peers' own doors, by name. */
function doorsOf(bench: Bench, peers: readonly Peer[]): Contestant[] {
  return peers.flatMap((peer) => {
    const { name, http, socks, pids } = peer;
    const hasBoth = http !== undefined && socks !== undefined;
    return [
      ...(http === undefined ? [] : [tunnels(bench, name, { proxy: http, pids })]),
      ...(socks === undefined
        ? []
        : [tunnels(bench, hasBoth ? `${name} SOCKS5` : name, { proxy: socks, pids })]),
    ];
  });
}

const withManyRules = 'spacetail, 1,000 rules';
const bar = { is: 'most', must: 1.3, goal: 1 } as const;

export async function setUpOnLoopback(bench: Bench, folder: string): Promise<Section> {
  const { tailnet, load, origin, rounds, say: complain } = bench;
  const ground = { folder, origin, host: directHost };
  const standIn = await standInForTailscaled(tailnet.facts, load.binary, folder);
  // The addresses of the tailnet lead to this machine for whoever asks the kernel: the stand-in does, tailscaled does not.
  await run('/usr/sbin/ip', ['route', 'replace', 'local', tailnetHost, 'dev', 'lo']);
  const bySocks = 'spacetail by SOCKS';
  const manyAllowed = { SPACETAIL_ALLOW: allowText(1000) };
  const ours = [() => startSubject(tailnet.facts)];
  const others = [
    async () => ({
      ...(await startSubject(tailnet.facts, { env: manyAllowed })),
      name: withManyRules,
      socks: undefined,
    }),
    async () => ({
      ...(await startSubject(tailnet.facts, { env: { SPACETAIL_TAILSCALED: standIn } })),
      name: bySocks,
      socks: undefined,
    }),
    ...(['tinyproxy', 'squid', 'microsocks'] as const).map(
      (name) => () => startDebianPeer(name, ground),
    ),
    ...(['pipe', 'proxy-chain'] as const).map((kind) => () => startNodePeer(kind, ground)),
    () => load.splice(),
  ];
  return await withPeers(bench, ours, others, async (peers) => {
    const own = doorsOf(
      bench,
      peers.filter(({ name }) => name !== bySocks),
    );
    const through = peers
      .filter(({ name }) => name === bySocks)
      .map(({ http = '', pids }) =>
        tunnels(bench, bySocks, { proxy: http, host: tailnetHost, pids }),
      );
    const outcome = await contest([...own, ...through], { rounds, complain });
    const { rows: each } = outcome;
    return {
      title: 'On loopback: set-up of a tunnel',
      about:
        "*spacetail by SOCKS* goes by the tailnet route through a SOCKS5 port as every request to a node does, with a SOCKS5 server in Go in the place of tailscaled's, so there is a proxy more on its way than on tinyproxy's; *spacetail SOCKS5* is its SOCKS5 door with a direct route. Both are held against the bar.",
      rows: [
        outcome.ratio(bySocks, 'tinyproxy', 'set-up p50', bar),
        outcome.ratio('spacetail SOCKS5', 'tinyproxy', 'set-up p50', bar),
        outcome.ratio('spacetail', 'tinyproxy', 'set-up p50'),
        outcome.ratio(withManyRules, 'spacetail', 'set-up p50'),
        ...each('set-up p50', 'ms'),
        ...each('set-up p99', 'ms'),
        ...each('16 at a time', 'tunnels/s'),
        ...each('CPU', 'ms / 1,000 tunnels'),
      ],
    };
  });
}
