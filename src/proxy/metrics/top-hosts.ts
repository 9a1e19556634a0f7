/** Requests and bytes by destination, in bounded memory. */
import type { Registry } from 'prom-client';
import type { RequestRecord } from '../core/request-record.ts';
import { LateCounter } from './late-metrics.ts';

/** A client can ask for any number of hosts; those after this many share one series. */
const maxHosts = 500;
const maxLength = 253;

export class TopHosts {
  readonly #hosts = new Set<string>();
  readonly #requests: LateCounter;
  readonly #bytes: LateCounter;

  constructor(registry: Registry) {
    const others = `hosts after the first ${maxHosts} count as "other".`;
    this.#requests = new LateCounter(
      {
        name: 'spacetail_host_requests_total',
        help: `Requests by destination; ${others}`,
        registry,
      },
      ['host', 'decision'],
    );
    this.#bytes = new LateCounter(
      {
        name: 'spacetail_host_transferred_bytes_total',
        help: `Bytes by destination; ${others}`,
        registry,
      },
      ['host', 'direction'],
    );
  }

  observe({ host: asked, policy: { decision }, bytesUp, bytesDown }: RequestRecord): void {
    const host = this.#labelOf(asked);
    this.#requests.add([host, decision]);
    if (bytesUp > 0) this.#bytes.add([host, 'up'], bytesUp);
    if (bytesDown > 0) this.#bytes.add([host, 'down'], bytesDown);
  }

  #labelOf(host: string): string {
    if (this.#hosts.has(host)) return host;
    if (this.#hosts.size >= maxHosts || host.length > maxLength) return 'other';
    this.#hosts.add(host);
    return host;
  }
}
