import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder of the bench's own in the user's cache; made when it is missing. */
export function cacheFolder(name: string): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'spacetail', 'bench', name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
