import { outcomeOf, type RunRequest } from './run-request.ts';
import type { Bucket } from './snapshot.ts';

const mostBuckets = 120;
const firstBucketMs = 1000;

interface Counting {
  requests: number;
  errors: number;
  denied: number;
  bytes: number;
}

/** Requests over time in at most 120 buckets: when the run grows longer, the buckets do. */
export class Timeline {
  readonly #startedMs: number;
  #bucketMs = firstBucketMs;
  #buckets: Counting[] = [];

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  add(request: RunRequest): void {
    const sinceStartMs = Math.max(0, request.timeMs - request.totalMs - this.#startedMs);
    while (sinceStartMs >= this.#bucketMs * mostBuckets) this.#widen();
    const at = Math.floor(sinceStartMs / this.#bucketMs);
    while (this.#buckets.length <= at)
      this.#buckets.push({ requests: 0, errors: 0, denied: 0, bytes: 0 });
    const bucket = this.#buckets[at] as Counting;
    const outcome = outcomeOf(request);
    bucket.requests++;
    if (outcome === 'error') bucket.errors++;
    if (outcome === 'denied') bucket.denied++;
    bucket.bytes += request.bytesUp + request.bytesDown;
  }

  snapshot(): { bucketMs: number; buckets: Bucket[] } {
    return { bucketMs: this.#bucketMs, buckets: this.#buckets.map((bucket) => ({ ...bucket })) };
  }

  #widen(): void {
    this.#bucketMs *= 2;
    const wider: Counting[] = [];
    for (const [at, bucket] of this.#buckets.entries()) {
      const into = (wider[at >> 1] ??= { requests: 0, errors: 0, denied: 0, bytes: 0 });
      into.requests += bucket.requests;
      into.errors += bucket.errors;
      into.denied += bucket.denied;
      into.bytes += bucket.bytes;
    }
    this.#buckets = wider;
  }
}
