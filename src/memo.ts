/** Longer than the name of any host: such a text is somebody's attempt. */
const longestText = 256;

/** What is made of a text, kept for the next time: a run has a few hosts and addresses, and each request names some. */
export class Memo<Value> {
  readonly #make: (text: string) => Value;
  readonly #most: number;
  readonly #made = new Map<string, Value>();

  /**
   * @param make - gives the same for the same text, never `undefined`; what it throws is not kept
   * @param most - so many are kept
   */
  constructor(make: (text: string) => Value, most = 256) {
    this.#make = make;
    this.#most = most;
  }

  of(text: string): Value {
    const known = this.#made.get(text);
    if (known !== undefined) return known;
    const made = this.#make(text);
    if (text.length > longestText) return made;
    // Whoever makes up texts must not cost memory, nor an order of use to those that come again.
    if (this.#made.size >= this.#most) this.#made.clear();
    this.#made.set(text, made);
    return made;
  }
}
