import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.ts';

/**
 * Builds the Go program (standard library only) of a folder into the user's cache, named by the
 * hash of its sources, and returns its path. Built already: at once.
 *
 * @throws Error with what go said
 */
export async function buildGoProgram(name: string, folder: string): Promise<string> {
  const hash = createHash('sha256');
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith('.go') || file === 'go.mod')
    .toSorted();
  for (const file of sources) hash.update(`${file}\0`).update(readFileSync(join(folder, file)));
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const tools = join(cache, 'spacetail', 'tools');
  const binary = join(tools, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  mkdirSync(tools, { recursive: true });
  const draft = `${binary}.${process.pid}`;
  // Without a go.mod its files are named; with one, a go.work above must not count.
  const what = sources.includes('go.mod') ? ['.'] : sources;
  const built = await run('go', ['build', '-trimpath', '-buildvcs=false', '-o', draft, ...what], {
    cwd: folder,
    env: { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' },
    timeoutMs: 300_000,
  });
  if (built.code !== 0) throw new Error(`go build of ${name} failed: ${built.stderr}`);
  // Two callers may build at once: a rename, so that neither runs half a program.
  renameSync(draft, binary);
  return binary;
}
