/** Requests and bytes by destination, in bounded memory. */
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { RequestRecord } from '../request-record.ts';

/** A client can ask for any number of hosts; those after this many share one series. */
const maxHosts = 500;
const maxLength = 253;

export class TopHosts {
  readonly #hosts = new Set<string>();
  readonly #requests: Counter<'host' | 'decision'>;
  readonly #bytes: Counter<'host' | 'direction'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'spacetail_host_requests_total',
      help: `Requests by destination; hosts after the first ${maxHosts} count as "other".`,
      labelNames: ['host', 'decision'],
      registers,
    });
    this.#bytes = new Counter({
      name: 'spacetail_host_transferred_bytes_total',
      help: `Bytes by destination; hosts after the first ${maxHosts} count as "other".`,
      labelNames: ['host', 'direction'],
      registers,
    });
  }

  observe({ host, policy, bytesUp, bytesDown }: RequestRecord): void {
    const label = this.#labelOf(host);
    this.#requests.labels(label, policy.decision).inc();
    if (bytesUp > 0) this.#bytes.labels(label, 'up').inc(bytesUp);
    if (bytesDown > 0) this.#bytes.labels(label, 'down').inc(bytesDown);
  }

  #labelOf(host: string): string {
    if (this.#hosts.has(host)) return host;
    if (this.#hosts.size >= maxHosts || host.length > maxLength) return 'other';
    this.#hosts.add(host);
    return host;
  }
}
