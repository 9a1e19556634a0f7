/**
 * Where a Spacelift run's project lies: the folder that its hooks run in. `undefined` when that was deleted.
 */
export function projectRoot(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
