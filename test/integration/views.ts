/** The four places where a run's requests are seen, each added up in the same way by destination. */
import { waitFor } from '../support/wait-for.ts';
import type { Spacetail } from './spacetail.ts';

export interface Sum {
  requests: number;
  errors: number;
  denied: number;
  wouldDeny: number;
  bytesUp: number;
  bytesDown: number;
}

/** Destination → what was counted; `HOST:PORT`, for metrics the host alone. */
export type Sums = Record<string, Sum>;

const nothing: Sum = { requests: 0, errors: 0, denied: 0, wouldDeny: 0, bytesUp: 0, bytesDown: 0 };

function addTo(sums: Sums, key: string, more: Partial<Sum>): void {
  const sum = (sums[key] ??= { ...nothing });
  for (const [name, value] of Object.entries(more)) sum[name as keyof Sum] += value;
}

interface OneRequest {
  readonly host: string;
  readonly port: number;
  readonly decision: unknown;
  readonly error: unknown;
  readonly bytesUp: unknown;
  readonly bytesDown: unknown;
}

function addRequest(sums: Sums, request: OneRequest): void {
  const isDenied = request.decision === 'deny';
  addTo(sums, `${request.host}:${request.port}`, {
    requests: 1,
    denied: Number(isDenied),
    errors: Number(!isDenied && request.error !== null),
    wouldDeny: Number(request.decision === 'would_deny'),
    bytesUp: Number(request.bytesUp),
    bytesDown: Number(request.bytesDown),
  });
}

export function sumsOfLog(spacetail: Spacetail): Sums {
  const sums: Sums = {};
  for (const line of spacetail.accessLog()) {
    addRequest(sums, {
      host: line.host,
      port: Number(line['port']),
      decision: (line['policy'] as { decision: string }).decision,
      error: line['error'],
      bytesUp: line['bytes_up'],
      bytesDown: line['bytes_down'],
    });
  }
  return sums;
}

interface Report {
  readonly totals: Sum;
  readonly destinations: (Sum & { host: string; port: number })[];
  readonly failures: { host: string; port: number; status: number; error: string; count: number }[];
  readonly programs: (Sum & { name: string })[];
  readonly learned: { rules: string[]; uncovered: number };
}

export async function readReport(spacetail: Spacetail): Promise<Report> {
  return JSON.parse((await spacetail.cli(['report', '--format', 'json'])).stdout) as Report;
}

export function sumsOfReport({ destinations }: Report): Sums {
  const sums: Sums = {};
  for (const { host, port, ...counts } of destinations) {
    const { requests, errors, denied, wouldDeny, bytesUp, bytesDown } = counts;
    addTo(sums, `${host}:${port}`, { requests, errors, denied, wouldDeny, bytesUp, bytesDown });
  }
  return sums;
}

export interface Sample {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** Prometheus' text format. */
export async function readMetrics(spacetail: Spacetail): Promise<Sample[]> {
  const text = await (await fetch(`${spacetail.proxy}/metrics`)).text();
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = '', labels = '', value]) => ({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]),
      ),
      value: Number(value),
    }),
  );
}

/** By host: requests, denied and bytes; errors are counted by their type only. */
export function sumsOfMetrics(samples: readonly Sample[]): Sums {
  const sums: Sums = {};
  for (const { name, labels, value } of samples) {
    const { host = '', decision, direction } = labels;
    if (name === 'spacetail_host_requests_total') {
      addTo(sums, host, {
        requests: value,
        denied: decision === 'deny' ? value : 0,
        wouldDeny: decision === 'would_deny' ? value : 0,
      });
    }
    if (name === 'spacetail_host_transferred_bytes_total')
      addTo(sums, host, direction === 'up' ? { bytesUp: value } : { bytesDown: value });
  }
  return sums;
}

/** What the metrics would say of these destinations. */
export function byHost(sums: Sums): Sums {
  const hosts: Sums = {};
  for (const [target, sum] of Object.entries(sums))
    addTo(hosts, target.slice(0, target.lastIndexOf(':')), { ...sum, errors: 0 });
  return hosts;
}

export interface EventView {
  sums(): Sums;
  /** Waits until so many requests were shown. */
  until(requests: number): Promise<void>;
  close(): void;
}

/** The page's event stream, read from now on. */
export async function followEvents(spacetail: Spacetail): Promise<EventView> {
  const stop = new AbortController();
  const response = await fetch(`${spacetail.proxy}/events`, { signal: stop.signal });
  const sums: Sums = {};
  let shown = 0;
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/s.exec(event) ?? [];
        if (name !== 'requests') continue;
        for (const request of (JSON.parse(data) as { requests: OneRequest[] }).requests) {
          shown += 1;
          addRequest(sums, request);
        }
      }
    }
  })().catch(() => {});
  return {
    sums: () => sums,
    async until(requests) {
      await waitFor(() => shown >= requests, { what: `${requests} requests on the page` });
    },
    close() {
      stop.abort();
      void reading;
    },
  };
}
