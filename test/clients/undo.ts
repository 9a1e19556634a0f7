import type { HasTeardown } from '../support/tmp-folder.ts';

/** Collects what undoes things, for a program that is no test. */
export interface Undo extends HasTeardown {
  /** The last first. */
  all(): Promise<void>;
}

export function createUndo(): Undo {
  const steps: (() => unknown)[] = [];
  return {
    teardown: (callback) => steps.push(callback),
    async all() {
      for (const step of steps.splice(0).toReversed()) await step();
    },
  };
}
