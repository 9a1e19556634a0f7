import type { Bench } from '../bench.ts';
import { startByHand } from '../by-hand.ts';
import { spreadOf } from '../figures.ts';
import { startSubject } from '../subject.ts';
import type { Row, Section } from '../table.ts';

/** `spacetail: login (57 ms)`: how long after the supervisor's start each part began. */
function partsOf(stderr: string): Map<string, number> {
  const lines = stderr.matchAll(/^spacetail: (.+) \((\d+) ms\)$/gm);
  return new Map([...lines].map(([, part = '', ms]) => [part, Number(ms)]));
}

/** What `up` takes more than a careful person, and where the time goes. */
export async function upAndDown({ tailnet: { facts }, rounds }: Bench): Promise<Section> {
  const hand: number[] = [];
  const ups: number[] = [];
  const downs: number[] = [];
  const noWaits: number[] = [];
  const parts: Map<string, number>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const byHand = await startByHand(facts);
    await byHand.stop();
    hand.push(byHand.tookMs);
    const subject = await startSubject(facts, { env: { TRACE: '1' } });
    await subject.stop();
    ups.push(subject.up.durationMs);
    downs.push(subject.downMs());
    parts.push(partsOf(subject.up.stderr));
    const quick = await startSubject(facts, { args: ['--no-wait'] });
    await quick.stop();
    noWaits.push(quick.up.durationMs);
  }
  const over = ups.map((ms, round) => ms - (hand[round] ?? Number.NaN));
  const row = (what: string, values: readonly number[]): Row => ({
    what,
    spread: spreadOf(values),
    unit: 'ms',
  });
  return {
    title: '`up` and `down`',
    about:
      'By hand: tailscaled, a look for its socket, `tailscale up` with the same arguments. Parts: when each was reached, after the start of the supervisor (what `up` prints with TRACE=1).',
    rows: [
      {
        ...row('spacetail up over tailscaled and tailscale up by hand', over),
        bar: { is: 'most', must: 300, goal: 0 },
      },
      { ...row('spacetail up --no-wait', noWaits), bar: { is: 'most', must: 300 } },
      { ...row('spacetail down', downs), bar: { is: 'most', must: 1500 } },
      row('by hand', hand),
      row('spacetail up', ups),
      ...[...(parts[0]?.keys() ?? [])].map((part) =>
        row(
          `up: ${part}`,
          parts.map((of) => of.get(part) ?? Number.NaN),
        ),
      ),
    ],
  };
}
