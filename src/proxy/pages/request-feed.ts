/** The last requests, and those that come, for whoever looks on. */
import type { RequestRecord } from '../core/request-record.ts';

const keptRecords = 200;

export class RequestFeed {
  readonly #recent: RequestRecord[] = [];
  readonly #listeners = new Set<(record: RequestRecord) => void>();
  /** Where the oldest record stands once the ring is full. */
  #start = 0;

  publish(record: RequestRecord): void {
    if (this.#recent.length < keptRecords) this.#recent.push(record);
    else {
      this.#recent[this.#start] = record;
      this.#start = (this.#start + 1) % keptRecords;
    }
    for (const listener of this.#listeners) listener(record);
  }

  /** Oldest first, 200 at most. */
  recent(): RequestRecord[] {
    return [...this.#recent.slice(this.#start), ...this.#recent.slice(0, this.#start)];
  }

  /** @returns ends the subscription */
  subscribe(listener: (record: RequestRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
