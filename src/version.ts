import { readFileSync } from 'node:fs';

// esbuild writes the version into the bundle, which has no package.json beside it.
declare const SPACETAIL_VERSION: string | undefined;

export function version(): string {
  if (typeof SPACETAIL_VERSION === 'string') return SPACETAIL_VERSION;
  const manifest = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
