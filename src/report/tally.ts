import { outcomeOf, type RunRequest } from './run-request.ts';
import type { Counts } from './snapshot.ts';

/** Counters that requests are added to. */
export class Tally {
  requests = 0;
  errors = 0;
  denied = 0;
  wouldDeny = 0;
  bytesUp = 0;
  bytesDown = 0;

  add(request: RunRequest): void {
    const outcome = outcomeOf(request);
    this.requests++;
    if (outcome === 'error') this.errors++;
    if (outcome === 'denied') this.denied++;
    if (request.policy.decision === 'would_deny') this.wouldDeny++;
    this.bytesUp += request.bytesUp;
    this.bytesDown += request.bytesDown;
  }

  counts(): Counts {
    const { requests, errors, denied, wouldDeny, bytesUp, bytesDown } = this;
    return { requests, errors, denied, wouldDeny, bytesUp, bytesDown };
  }
}

/** A map with a limit: what comes new beyond it is counted in one `other`. */
export class BoundedMap<Value> {
  readonly #limit: number;
  readonly #values = new Map<string, Value>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The entry of the key, made if there is room; `undefined` when it belongs to the others. */
  entry(key: string, make: () => Value): Value | undefined {
    const found = this.#values.get(key);
    if (found !== undefined || this.#values.size >= this.#limit) return found;
    const made = make();
    this.#values.set(key, made);
    return made;
  }

  values(): Value[] {
    return [...this.#values.values()];
  }
}
