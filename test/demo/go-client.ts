import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../support/run.ts';

/** Builds the Go client (standard library only) into the cache folder and returns its path. */
export async function buildGoClient(): Promise<string> {
  const source = fileURLToPath(new URL('client.go', import.meta.url));
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16);
  const folder = join(
    process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'spacetail',
    'tools',
  );
  const binary = join(folder, `go-client-${hash}`);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const draft = `${binary}.${process.pid}`;
  const built = await run('go', ['build', '-o', draft, source], {
    env: { CGO_ENABLED: '0' },
    timeoutMs: 300_000,
  });
  if (built.code !== 0) throw new Error(`go build failed: ${built.stderr}`);
  renameSync(draft, binary);
  return binary;
}
