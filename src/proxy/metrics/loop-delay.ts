/** How late the event loop runs: what every request waits on top. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

const resolutionMs = 20;

/** Registers `spacetail_event_loop_delay_seconds`, since the last scrape. */
export function watchLoopDelay(registry: Registry): { close(): void } {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const gauge = new Gauge({
    name: 'spacetail_event_loop_delay_seconds',
    help: 'How late timers fire, since the last scrape.',
    labelNames: ['quantile'] as const,
    registers: [registry],
    collect() {
      gauge.set({ quantile: '0.5' }, lateness(histogram.percentile(50)));
      gauge.set({ quantile: '0.99' }, lateness(histogram.percentile(99)));
      gauge.set({ quantile: '1' }, lateness(histogram.max));
      histogram.reset();
    },
  });
  return { close: () => void histogram.disable() };
}

/** The histogram holds the time between two ticks, in ns; before the first tick its maximum is 0. */
function lateness(tickNs: number): number {
  return Math.max(0, tickNs / 1e9 - resolutionMs / 1000);
}
