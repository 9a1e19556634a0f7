import { fileURLToPath } from 'node:url';

declare const SPACETAIL_VERSION: string | undefined;

/** The file to start for another process of ours: the bundle itself, or src/cli.ts beside this folder. */
export function cliPath(): string {
  const isBundle = typeof SPACETAIL_VERSION === 'string';
  return fileURLToPath(isBundle ? import.meta.url : new URL('../cli.ts', import.meta.url));
}
