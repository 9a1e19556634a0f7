/** The one thing that helpers need of a tap test. */
export interface Teardown {
  teardown(handler: () => unknown): void;
}
