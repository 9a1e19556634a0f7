import { messageOf, SpacetailError } from '../errors.ts';
import type { CommandIo } from './io.ts';

/** What failed, its code and what to do about it, on stderr. An unexpected error shows its stack. */
export function printError(error: unknown, io: CommandIo): void {
  if (error instanceof SpacetailError) {
    io.stderr.write(`spacetail: ${error.message}\n  hint: ${error.hint} [${error.code}]\n`);
    return;
  }
  const stack = error instanceof Error ? error.stack : undefined;
  io.stderr.write(`spacetail: unexpected error: ${stack ?? messageOf(error)}\n`);
}
