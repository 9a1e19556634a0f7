import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `tmpFolder` needs of a tap test; `t` itself fits. */
export interface HasTeardown {
  teardown(callback: () => unknown): unknown;
}

/**
 * Makes an empty folder (mode 0700) for one test and removes it when the test ends. The path is
 * short, so a Unix socket fits inside (107 bytes at most).
 */
export function tmpFolder(t: HasTeardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'st-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
