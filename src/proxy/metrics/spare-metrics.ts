/** What /metrics tells of connections dialled ahead. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { PreconnectCounts } from '../dial/preconnect/pool.ts';

/** Registers nothing where nothing is dialled ahead. */
export function registerSpares(registry: Registry, read: () => PreconnectCounts | undefined): void {
  const open = new Gauge({
    name: 'spacetail_preconnect_spares',
    help: 'Connections dialled ahead that wait for their use.',
    registers: [],
    collect() {
      this.set(read()?.open ?? 0);
    },
  });
  const used = new Counter({
    name: 'spacetail_preconnect_used_total',
    help: 'Connections dialled ahead that carried a request.',
    registers: [],
    collect() {
      this.reset();
      this.inc(read()?.used ?? 0);
    },
  });
  const closed = new Counter({
    name: 'spacetail_preconnect_closed_total',
    help: 'Connections dialled ahead that were closed unused, by reason.',
    labelNames: ['reason'] as const,
    registers: [],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(read()?.closed ?? {}))
        this.labels(reason).inc(count);
    },
  });
  for (const metric of [open, used, closed]) registry.registerMetric(metric);
}
