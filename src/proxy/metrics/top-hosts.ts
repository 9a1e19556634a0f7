/** Requests and bytes by destination, in bounded memory. */
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RequestRecord } from '../core/request-record.ts';

/** A client can ask for any number of hosts; those after this many share one series. */
const maxHosts = 500;
const maxLength = 253;

export class TopHosts {
  readonly #hosts = new Set<string>();
  readonly #requests: Counter<'host' | 'decision'>;
  readonly #bytes: Counter<'host' | 'direction'>;

  constructor(registry: Registry) {
    const others = `hosts after the first ${maxHosts} count as "other".`;
    this.#requests = new Counter({
      name: 'spacetail_host_requests_total',
      help: `Requests by destination; ${others}`,
      labelNames: ['host', 'decision'],
      registers: [registry],
    });
    this.#bytes = new Counter({
      name: 'spacetail_host_transferred_bytes_total',
      help: `Bytes by destination; ${others}`,
      labelNames: ['host', 'direction'],
      registers: [registry],
    });
  }

  observe({ host: asked, policy: { decision }, bytesUp, bytesDown }: RequestRecord): void {
    const host = this.#labelOf(asked);
    this.#requests.inc({ host, decision });
    if (bytesUp > 0) this.#bytes.inc({ host, direction: 'up' }, bytesUp);
    if (bytesDown > 0) this.#bytes.inc({ host, direction: 'down' }, bytesDown);
  }

  #labelOf(host: string): string {
    if (this.#hosts.has(host)) return host;
    if (this.#hosts.size >= maxHosts || host.length > maxLength) return 'other';
    this.#hosts.add(host);
    return host;
  }
}
