import { buildGoProgram } from '../support/go-program.ts';

/** Builds the Go client (standard library only) into the cache folder and returns its path. */
export function buildGoClient(): Promise<string> {
  return buildGoProgram('go-client', import.meta.dirname);
}
