/** So many values are kept; up to this count the median is exact, beyond it a fair sample's. */
const sampleSize = 256;

/** Median and maximum of a stream of numbers in bounded memory (reservoir sampling, algorithm R). */
export class Sample {
  #seen = 0;
  #max = -Infinity;
  readonly #values: number[] = [];

  add(value: number): void {
    this.#seen++;
    this.#max = Math.max(this.#max, value);
    if (this.#values.length < sampleSize) {
      this.#values.push(value);
      return;
    }
    const at = Math.floor(Math.random() * this.#seen);
    if (at < sampleSize) this.#values[at] = value;
  }

  /** `null` before the first value. */
  median(): number | null {
    const sorted = [...this.#values].sort((a, b) => a - b);
    const upper = sorted[sorted.length >> 1];
    const lower = sorted[(sorted.length - 1) >> 1];
    return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
  }

  max(): number | null {
    return this.#seen === 0 ? null : this.#max;
  }
}
