/** What every soak has: how long it takes, what it cleans up whatever happens, and an exit code. */

/** SPACETAIL_SOAK_MINUTES, 2 by default. */
export const minutes = Number(process.env['SPACETAIL_SOAK_MINUTES'] ?? 2);
if (!(minutes > 0)) throw new Error('SPACETAIL_SOAK_MINUTES is a number of minutes');

const cleanUp: (() => unknown)[] = [];
/** In the place of a test, for what is undone at the end; the last one first. */
export const test = { teardown: (action: () => unknown) => void cleanUp.push(action) };

/** @param soak - `false` for what has to fail the run */
export async function runSoak(soak: () => Promise<boolean>): Promise<void> {
  try {
    process.exitCode = (await soak()) ? 0 : 1;
  } finally {
    for (const action of cleanUp.toReversed()) await action();
  }
}
