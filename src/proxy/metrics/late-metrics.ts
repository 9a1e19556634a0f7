/**
 * Counters and histograms of our own, handed to prom-client when somebody scrapes: each request comes through
 * here, and prom-client hashes and checks the labels anew each time.
 */
import { Counter } from 'prom-client';
import type { Metric, Registry } from 'prom-client';

interface Description {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
}

/** What begins with the same labels' values; together they end with a count. */
interface Branch {
  readonly values: readonly string[];
  readonly next: Map<string, Branch>;
  total: number;
}

export class LateCounter {
  /** One for each set of labels. */
  readonly #counts: Branch[] = [];
  readonly #labels: number;
  readonly #root: Branch = { values: [], next: new Map(), total: 0 };

  constructor({ name, help, registry }: Description, labelNames: readonly string[]) {
    this.#labels = labelNames.length;
    const counts = this.#counts;
    const counter = new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        counter.reset();
        for (const { values, total } of counts) {
          const labels = labelNames.map((label, at) => [label, values[at] as string]);
          counter.inc(Object.fromEntries(labels) as Record<string, string>, total);
        }
      },
    });
  }

  /** @param values - of the labels, in the order of their names */
  add(values: readonly string[], by = 1): void {
    // Step by step: a key that is put together would have to be hashed anew each time.
    let at = this.#root;
    for (const value of values) at = at.next.get(value) ?? this.#grow(at, value);
    at.total += by;
  }

  #grow({ values, next }: Branch, value: string): Branch {
    const branch: Branch = { values: [...values, value], next: new Map(), total: 0 };
    next.set(value, branch);
    if (branch.values.length === this.#labels) this.#counts.push(branch);
    return branch;
  }
}

interface Distribution {
  /** Of the buckets, each without those before it; the last is for what is larger than all. */
  readonly counts: number[];
  sum: number;
}

export class LateHistogram {
  readonly #bounds: readonly number[];
  readonly #byLabel = new Map<string, Distribution>();

  constructor(description: Description, labelName: string, bounds: readonly number[]) {
    this.#bounds = bounds;
    const { name, help, registry } = description;
    // Of a metric the registry asks no more than this.
    const metric = {
      name,
      get: async () => ({ name, help, type: 'histogram', values: this.#values(name, labelName) }),
    };
    registry.registerMetric(metric as unknown as Metric);
  }

  observe(label: string, value: number): void {
    let distribution = this.#byLabel.get(label);
    if (distribution === undefined) {
      distribution = { counts: Array.from({ length: this.#bounds.length + 1 }, () => 0), sum: 0 };
      this.#byLabel.set(label, distribution);
    }
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++;
    distribution.counts[at] = (distribution.counts[at] ?? 0) + 1;
    distribution.sum += value;
  }

  #values(name: string, labelName: string): object[] {
    return [...this.#byLabel].flatMap(([label, { counts, sum }]) => {
      const labels = { [labelName]: label };
      let count = 0;
      const values: object[] = counts.map((inBucket, at) => {
        count += inBucket;
        const le = this.#bounds[at] ?? '+Inf';
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
      });
      values.push({ metricName: `${name}_sum`, labels, value: sum });
      values.push({ metricName: `${name}_count`, labels, value: count });
      return values;
    });
  }
}
