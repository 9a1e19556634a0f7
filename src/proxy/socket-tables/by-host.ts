/** Mostly it is 127.0.0.1, again and again. */
const mostHosts = 256;

/** What is made of an address, kept for the next time: `of(host)`. */
export class ByHost<Value> {
  readonly #make: (host: string) => Value;
  readonly #made = new Map<string, Value>();

  constructor(make: (host: string) => Value) {
    this.#make = make;
  }

  of(host: string): Value {
    const known = this.#made.get(host);
    if (known !== undefined) return known;
    const made = this.#make(host);
    if (this.#made.size >= mostHosts) this.#made.clear();
    this.#made.set(host, made);
    return made;
  }
}
