import type { ChildProcess } from 'node:child_process';
import { SpacetailError } from '../../errors.ts';

export interface ChildExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a dead child still has in its pipes arrives within this. */
const lastWordsMs = 200;

/**
 * Settles when the child itself has ended and its output was read. Not execa's own promise: that waits
 * until every process that inherited the output has ended, too.
 */
export function exitOf(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => {
      const settle = (): void => {
        clearTimeout(timer);
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ exitCode, signal });
      };
      const timer = setTimeout(settle, lastWordsMs);
      child.once('close', settle);
    });
  });
}

/** `ended with exit code 1` or `was ended by SIGKILL`. */
export function describeExit(exit: ChildExit): string {
  return exit.signal === null
    ? `ended with exit code ${exit.exitCode}`
    : `was ended by ${exit.signal}`;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such program',
  EACCES: 'it is not executable',
  ENOEXEC: 'it is not a program for this machine',
};

/** @param code errno of the failed spawn */
export function cannotStart(binary: string, code: string | undefined): SpacetailError {
  return new SpacetailError(
    'binary_missing',
    `${binary} cannot be started: ${reasons[code ?? ''] ?? code ?? 'unknown reason'}`,
  );
}
