/** What was last made for each host: most requests of a run go to a few destinations, again and again, and end alike. */
const mostHosts = 256;

export interface LastByHostOptions<Item, Value> {
  readonly make: (item: Item) => Value;
  /** In all that it is made of but the host. */
  readonly isAlike: (one: Item, other: Item) => boolean;
  /** Whether it may be kept: some of it is the client's text. */
  readonly isSmall: (item: Item, value: Value) => boolean;
}

export class LastByHost<Item extends { readonly host: string }, Value> {
  readonly #options: LastByHostOptions<Item, Value>;
  readonly #byHost = new Map<string, { readonly item: Item; readonly value: Value }>();

  constructor(options: LastByHostOptions<Item, Value>) {
    this.#options = options;
  }

  of(item: Item): Value {
    const { make, isAlike, isSmall } = this.#options;
    const last = this.#byHost.get(item.host);
    if (last !== undefined && isAlike(last.item, item)) return last.value;
    const value = make(item);
    if (!isSmall(item, value)) return value;
    if (this.#byHost.size >= mostHosts) this.#byHost.clear();
    this.#byHost.set(item.host, { item, value });
    return value;
  }
}
