import { type Bench, measureAll, tailnetHost, withPeers } from '../bench.ts';
import { type ByHand, startByHand } from '../by-hand.ts';
import { contest, type Contestant, type Outcome } from '../contest.ts';
import { spreadOf } from '../figures.ts';
import { startSubject, type Subject } from '../subject.ts';
import type { Bar, Row, Section } from '../table.ts';
import { whileUsing } from '../usage.ts';

/** A door of ours or of tailscaled's, and the processes behind it. */
interface Door {
  readonly name: string;
  readonly proxy: string;
  /** None for tailscaled's own doors. */
  readonly bridge: readonly number[];
  readonly tailscaled: readonly number[];
}

const shapes = [
  { name: 'down, 1 stream', streams: 1, up: false },
  { name: 'down, 8 streams', streams: 8, up: false },
  { name: 'up, 1 stream', streams: 1, up: true },
  { name: 'up, 8 streams', streams: 8, up: true },
] as const;

const perBatch = 1000;

function doorsOf([subject, byHand]: readonly [Subject, ByHand]): Door[] {
  const ours = { bridge: [subject.bridgePid], tailscaled: [subject.tailscaledPid] };
  const theirs = { bridge: [], tailscaled: byHand.pids };
  return [
    { name: 'spacetail HTTP', proxy: subject.http, ...ours },
    { name: 'tailscaled HTTP', proxy: byHand.http, ...theirs },
    { name: 'spacetail SOCKS5', proxy: subject.socks, ...ours },
    { name: 'tailscaled SOCKS5', proxy: byHand.socks, ...theirs },
  ];
}

/** Set-up one by one, sixteen at a time with their CPU, and short TLS connections. */
function tunnels(bench: Bench, { name, proxy, bridge, tailscaled }: Door): Contestant {
  const { load, origin, scaled } = bench;
  const echo = { proxy, target: `${tailnetHost}:${origin.echo}` };
  const tls = { proxy, target: `${tailnetHost}:${origin.tls}`, count: scaled(600), streams: 8 };
  const many = { ...echo, count: scaled(2000), streams: 16 };
  return {
    name,
    async measure() {
      const setup = await measureAll(load, 'setup', { ...echo, count: scaled(500) });
      const used = await whileUsing(bridge, () =>
        whileUsing(tailscaled, () => measureAll(load, 'setup', many)),
      );
      const thousands = many.count / perBatch;
      return {
        'set-up p50': setup.p50Ms,
        'set-up p99': setup.p99Ms,
        '16 at a time': used.result.result.perSecond,
        'CPU of the bridge': (used.cpuSeconds * 1000) / thousands,
        'CPU of tailscaled': (used.result.cpuSeconds * 1000) / thousands,
        'short TLS connections': (await measureAll(load, 'tls', tls)).perSecond,
      };
    },
  };
}

/** Throughput both ways, and the CPU for it. */
function transfers(bench: Bench, { name, proxy, bridge, tailscaled }: Door): Contestant {
  const { load, origin, scaled } = bench;
  return {
    name,
    async measure() {
      const figures: Record<string, number> = {};
      for (const { name: shape, streams, up } of shapes) {
        const bytes = Math.ceil(scaled(3e8) / streams);
        const options = { proxy, target: `${tailnetHost}:${origin.bulk}`, streams, bytes, up };
        const used = await whileUsing(bridge, () =>
          whileUsing(tailscaled, () => measureAll(load, 'bulk', options)),
        );
        const { result, cpuSeconds } = used.result;
        figures[shape] = result.mbPerSecond;
        figures[`bridge, ${shape}`] = used.cpuSeconds / (result.bytes / 1e9);
        figures[`tailscaled, ${shape}`] = cpuSeconds / (result.bytes / 1e9);
        figures[`share, ${shape}`] = (100 * used.cpuSeconds) / cpuSeconds;
      }
      return figures;
    },
  };
}

const doorPairs = [
  ['spacetail HTTP', 'tailscaled HTTP'],
  ['spacetail SOCKS5', 'tailscaled SOCKS5'],
] as const;

function ratioRows(outcome: Outcome, figure: string, bar?: Bar): Row[] {
  return doorPairs.map(([ours, theirs]) => outcome.ratio(ours, theirs, figure, bar));
}

function setUpRows(outcome: Outcome): Row[] {
  const { rows: each } = outcome;
  return [
    ...ratioRows(outcome, 'set-up p50', { is: 'most', must: 1.3, goal: 1 }),
    ...ratioRows(outcome, 'set-up p99', { is: 'most', must: 1.5, goal: 1 }),
    ...ratioRows(outcome, '16 at a time'),
    ...ratioRows(outcome, 'short TLS connections'),
    ...each('set-up p50', 'ms'),
    ...each('set-up p99', 'ms'),
    ...each('16 at a time', 'tunnels/s'),
    ...each('short TLS connections', '/s'),
    ...doorPairs.map(([ours]) => outcome.row(ours, 'CPU of the bridge', 'ms / 1,000 tunnels')),
    ...each('CPU of tailscaled', 'ms / 1,000 tunnels'),
  ];
}

function transferRows(outcome: Outcome): Row[] {
  const [ours, theirs] = doorPairs[0];
  const share = (shape: string): Row => ({
    what: `CPU of the bridge against its tailscaled's: ${shape}`,
    spread: spreadOf(outcome.values(ours, `share, ${shape}`)),
    unit: '%',
    bar: { is: 'most', must: 18, goal: 12 },
  });
  return shapes.flatMap(({ name: shape }) => [
    outcome.ratio(ours, theirs, shape, { is: 'least', must: 0.92, goal: 1 }),
    share(shape),
    outcome.row(ours, shape, 'MB/s'),
    outcome.row(theirs, shape, 'MB/s'),
    outcome.row(ours, `bridge, ${shape}`, 's / GB'),
    outcome.row(ours, `tailscaled, ${shape}`, 's / GB'),
    outcome.row(theirs, `tailscaled, ${shape}`, 's / GB'),
  ]);
}

export async function onTheTailnet(bench: Bench): Promise<Section[]> {
  const { tailnet, rounds, say: complain } = bench;
  const starts = [() => startSubject(tailnet.facts), () => startByHand(tailnet.facts)];
  return await withPeers(bench, starts, [], async (peers) => {
    const doors = doorsOf(peers as readonly [Subject, ByHand]);
    const opened = await contest(
      doors.map((door) => tunnels(bench, door)),
      { rounds, complain },
    );
    const carried = await contest(
      doors.slice(0, 2).map((door) => transfers(bench, door)),
      { rounds, complain },
    );
    return [
      {
        title: 'On the tailnet: tunnels',
        about:
          "Against tailscaled's own HTTP and SOCKS5 proxies in a tailscaled of their own, to the same node. Set-up: connect, CONNECT or SOCKS5, one byte there and back, one after the other.",
        rows: setUpRows(opened),
      },
      {
        title: 'On the tailnet: throughput',
        about: 'By the HTTP doors; every byte is compared with what was sent.',
        rows: transferRows(carried),
      },
    ];
  });
}
