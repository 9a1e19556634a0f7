/** What the bridge says of connections dialled ahead. */
import type { Spacetail } from './spacetail.ts';
import { readMetrics } from './views.ts';

export interface SpareCounts {
  readonly open: number;
  readonly used: number;
  readonly closed: Readonly<Record<string, number>>;
}

export async function spareCounts(spacetail: Spacetail): Promise<SpareCounts> {
  const samples = await readMetrics(spacetail);
  const one = (name: string) => samples.find((sample) => sample.name === name)?.value ?? -1;
  const closed = samples.filter(({ name }) => name === 'spacetail_preconnect_closed_total');
  return {
    open: one('spacetail_preconnect_spares'),
    used: one('spacetail_preconnect_used_total'),
    closed: Object.fromEntries(closed.map(({ labels, value }) => [labels['reason'], value])),
  };
}

/** Of those that reached an origin: a dial that failed reached none. */
export function connectedOf({ open, used, closed }: SpareCounts): number {
  const { dial_failed: _, ...reached } = closed;
  return open + used + Object.values(reached).reduce((sum, count) => sum + count, 0);
}
