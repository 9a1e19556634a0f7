import { startFarSide } from '../../tailnet/far-side.ts';
import { startTailnet, type Tailnet } from '../../tailnet/tailnet.ts';
import { type Bench, measureAll, tailnetHost, withPeers } from '../bench.ts';
import { type ByHand, startByHand } from '../by-hand.ts';
import { contest } from '../contest.ts';
import { loadOf } from '../load.ts';
import { startSubject, type Subject } from '../subject.ts';
import type { Section } from '../table.ts';

const delayMs = 10;

/** A subject or peer that is measured from the far side; `env` is the subject's. */
const variants: readonly { readonly name: string; readonly env: Record<string, string> }[] = [
  { name: 'spacetail', env: {} },
  // Second and later tunnels: the destination has been used once by the warm-up.
  { name: 'spacetail, dialled ahead', env: { SPACETAIL_PRECONNECT: '**' } },
];

/** Set-up where a round trip to the node takes 20 ms. */
export async function overADistance(bench: Bench): Promise<Section> {
  const { rounds, scaled, origin, say: complain } = bench;
  const far = await startFarSide({ delayMs });
  let tailnet: Tailnet | undefined;
  try {
    tailnet = await startTailnet({ address: far.nearAddress });
    const { facts } = tailnet;
    const load = loadOf(bench.load.binary, far.enter);
    const starts = [
      ...variants.map(
        ({ env }) =>
          () =>
            startSubject(facts, { env, by: far.enter }),
      ),
      () => startByHand(facts, far.enter),
    ];
    return await withPeers(bench, starts, [], async (peers) => {
      const byHand = peers.at(-1) as ByHand;
      const doors = [
        ...variants.flatMap(({ name }, at) => {
          const { http, socks } = peers[at] as Subject;
          return [
            { name: `${name} HTTP`, proxy: http },
            { name: `${name} SOCKS5`, proxy: socks },
          ];
        }),
        { name: 'tailscaled HTTP', proxy: byHand.http },
        { name: 'tailscaled SOCKS5', proxy: byHand.socks },
      ];
      const options = { target: `${tailnetHost}:${origin.echo}`, count: scaled(40) };
      const outcome = await contest(
        doors.map(({ name, proxy }) => ({
          name,
          measure: async () => {
            const { p50Ms, p99Ms } = await measureAll(load, 'setup', { ...options, proxy });
            return { 'set-up p50': p50Ms, 'set-up p99': p99Ms };
          },
        })),
        { rounds, complain },
      );
      const bar = { is: 'most', must: 1.03, goal: 1 } as const;
      const ahead = { is: 'most', must: 0.55 } as const;
      return {
        title: 'On the tailnet, a round trip of 20 ms',
        about:
          'The client is in a network namespace of its own, behind a relay that holds each frame for 10 ms (test/tailnet/far-side.ts). Dialled ahead: SPACETAIL_PRECONNECT names the destination, which has been used before.',
        rows: [
          ...['HTTP', 'SOCKS5'].flatMap((door) => [
            outcome.ratio(`spacetail ${door}`, `tailscaled ${door}`, 'set-up p50', bar),
            outcome.ratio(
              `spacetail, dialled ahead ${door}`,
              `tailscaled ${door}`,
              'set-up p50',
              ahead,
            ),
          ]),
          ...outcome.rows('set-up p50', 'ms'),
          ...outcome.rows('set-up p99', 'ms'),
        ],
      };
    });
  } finally {
    await tailnet?.stop();
    await far.stop();
  }
}
