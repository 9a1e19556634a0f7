/** Server-sent events (HTML Living Standard, 9.2) for the page: its state, and requests in batches. */
import type { ServerResponse } from 'node:http';
import type { Overview } from './overview.ts';
import type { RequestFeed } from './request-feed.ts';
import type { RequestRecord } from '../core/request-record.ts';

const batchEveryMs = 250;
const overviewEveryMs = 2000;
/** Of a burst only so many are shown; the rest is a number. */
const maxInBatch = 100;
const maxWaitingBytes = 1_048_576;
const maxStreams = 20;

export interface EventStreamSources {
  readonly feed: RequestFeed;
  overview(): Overview;
}

export class EventStreams {
  readonly #sources: EventStreamSources;
  readonly #open = new Set<ServerResponse>();
  #overview: { readonly value: Overview; readonly madeMs: number } | undefined;

  constructor(sources: EventStreamSources) {
    this.#sources = sources;
  }

  get isFull(): boolean {
    return this.#open.size >= maxStreams;
  }

  /** Takes over the response, until the client goes or `close`. */
  serve(response: ServerResponse, headers: Record<string, string>): void {
    const { feed } = this.#sources;
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
    this.#open.add(response);
    let batch = feed.recent().slice(-maxInBatch);
    let skipped = 0;
    const unsubscribe = feed.subscribe((record) => {
      if (batch.length < maxInBatch) batch.push(record);
      else skipped += 1;
    });
    const sendRequests = (): void => {
      if (batch.length === 0) return;
      send(response, 'requests', { requests: batch.map(requestOf), skipped });
      batch = [];
      skipped = 0;
    };
    const sendOverview = (): void => send(response, 'overview', this.#currentOverview());
    const timers = [
      setInterval(sendRequests, batchEveryMs),
      setInterval(sendOverview, overviewEveryMs),
    ];
    for (const timer of timers) timer.unref();
    response.on('error', () => undefined);
    response.on('close', () => {
      unsubscribe();
      for (const timer of timers) clearInterval(timer);
      this.#open.delete(response);
    });
    sendOverview();
    sendRequests();
  }

  /** One for all streams: with 10,000 peers it is milliseconds of work. */
  #currentOverview(): Overview {
    const nowMs = performance.now();
    if (this.#overview === undefined || nowMs - this.#overview.madeMs > overviewEveryMs / 2) {
      this.#overview = { value: this.#sources.overview(), madeMs: nowMs };
    }
    return this.#overview.value;
  }

  close(): void {
    for (const response of this.#open) response.end();
  }
}

function send(response: ServerResponse, event: string, value: object): void {
  // A browser that does not read along gets a new stream when it comes back.
  if (response.writableLength > maxWaitingBytes) response.destroy();
  else response.write(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
}

/** What a row of the page shows. */
function requestOf(record: RequestRecord): object {
  const { policy, client } = record;
  return {
    timeMs: record.timeMs,
    method: record.method,
    host: record.host,
    port: record.port,
    ip: record.ip,
    peer: record.peer,
    tailnet: record.tailnet,
    route: record.route,
    decision: policy.decision,
    rule: policy.rule,
    client: client && (client.provider ?? client.exe),
    status: record.status,
    error: record.error,
    detail: record.detail,
    totalMs: Math.round(record.totalMs),
    bytesUp: record.bytesUp,
    bytesDown: record.bytesDown,
  };
}
