import { fileURLToPath } from 'node:url';

declare const SPACETAIL_VERSION: string | undefined;

/** The file to start for another process of ours: the bin beside the bundle, or src/cli.ts. */
export function cliPath(): string {
  const isBundle = typeof SPACETAIL_VERSION === 'string';
  return fileURLToPath(new URL(isBundle ? 'spacetail.js' : '../cli.ts', import.meta.url));
}
