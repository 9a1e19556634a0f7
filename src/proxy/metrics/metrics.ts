/** What /metrics tells Prometheus. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { PreconnectCounts } from '../dial/preconnect/pool.ts';
import { registerSpares } from './spare-metrics.ts';
import { watchLoopDelay } from './loop-delay.ts';
import type { RequestRecord } from '../core/request-record.ts';
import { TopHosts } from './top-hosts.ts';

/** What is counted elsewhere and read when somebody scrapes. */
export interface MetricsSources {
  /** Connections dialled ahead; absent where nothing is. */
  readonly spares?: (() => PreconnectCounts | undefined) | undefined;
  /** Requests are told apart by tailnet, too. */
  readonly hasTailnets?: boolean;
  openTunnels(): number;
  tailscaledRestarts(): number;
  /** Lines that the access log lost. */
  logLinesDropped(): number;
}

export interface Metrics {
  observe(record: RequestRecord): void;
  readonly contentType: string;
  /** The Prometheus text format. */
  text(): Promise<string>;
  /** Stops watching the event loop. */
  close(): void;
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

/** Its own registry: nothing is global. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const instruments = createInstruments(registry, sources.hasTailnets === true);
  const hosts = new TopHosts(registry);
  const loopDelay = watchLoopDelay(registry);
  registerSources(registry, sources);
  if (sources.spares !== undefined) registerSpares(registry, sources.spares);
  return {
    observe(record) {
      instruments(record);
      hosts.observe(record);
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
    close: () => loopDelay.close(),
  };
}

function createInstruments(
  registry: Registry,
  hasTailnets: boolean,
): (record: RequestRecord) => void {
  const requests = new Counter({
    name: 'spacetail_requests_total',
    help: 'Requests at their end, tunnels included.',
    labelNames: ['protocol', 'route', 'status', 'decision', ...(hasTailnets ? ['tailnet'] : [])],
    registers: [registry],
  });
  const errors = new Counter({
    name: 'spacetail_request_errors_total',
    help: 'Requests that ended with an error, by RFC 9209 error type.',
    labelNames: ['error'],
    registers: [registry],
  });
  const bytes = new Counter({
    name: 'spacetail_transferred_bytes_total',
    help: 'Bytes carried, up to the destination and down to the client.',
    labelNames: ['direction', 'route'],
    registers: [registry],
  });
  const dial = new Histogram({
    name: 'spacetail_dial_duration_seconds',
    help: 'Time until the destination was connected, or not.',
    labelNames: ['route'],
    buckets: secondsBuckets,
    registers: [registry],
  });
  const resolve = new Histogram({
    name: 'spacetail_resolve_duration_seconds',
    help: 'Time until the name was resolved, or not.',
    labelNames: ['source'],
    buckets: secondsBuckets,
    registers: [registry],
  });
  return (record) => {
    const { proto, route, error, dialMs, dnsMs, nameSource, bytesUp, bytesDown } = record;
    requests.inc({
      protocol: proto,
      route,
      status: statusLabel(record.status),
      decision: record.policy.decision,
      ...(hasTailnets && { tailnet: record.tailnet ?? 'none' }),
    });
    if (error !== null) errors.inc({ error });
    if (bytesUp > 0) bytes.inc({ direction: 'up', route }, bytesUp);
    if (bytesDown > 0) bytes.inc({ direction: 'down', route }, bytesDown);
    // Nothing was dialled for one that was dialled ahead.
    if (dialMs !== null && record.preconnect !== true) dial.observe({ route }, dialMs / 1000);
    if (dnsMs !== null) resolve.observe({ source: nameSource ?? 'none' }, dnsMs / 1000);
  };
}

/** A status is the origin's to choose: what HTTP does not know must not make a series each. */
function statusLabel(status: number): string {
  return Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : 'other';
}

function registerSources(registry: Registry, sources: MetricsSources): void {
  const openTunnels = new Gauge({
    name: 'spacetail_open_tunnels',
    help: 'Tunnels and requests that are open now.',
    registers: [],
    collect() {
      this.set(sources.openTunnels());
    },
  });
  registry.registerMetric(openTunnels);
  registerTotal(registry, {
    name: 'spacetail_tailscaled_restarts_total',
    help: 'How often tailscaled died and was started again.',
    read: () => sources.tailscaledRestarts(),
  });
  registerTotal(registry, {
    name: 'spacetail_access_log_dropped_lines_total',
    help: 'Lines of the access log that a full or slow disk cost.',
    read: () => sources.logLinesDropped(),
  });
}

function registerTotal(
  registry: Registry,
  { name, help, read }: { name: string; help: string; read: () => number },
): void {
  const counter = new Counter({
    name,
    help,
    registers: [],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
  registry.registerMetric(counter);
}
