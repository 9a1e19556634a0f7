import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { HasTeardown } from './tmp-folder.ts';
import { type Finished, run, type RunOptions } from './run.ts';

export const cliFile = join(import.meta.dirname, '../../src/cli.ts');

/** Runs `spacetail ARG…` from the sources to its end, in an environment of PATH and `env` alone. */
export function cli(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const env = { PATH: process.env['PATH'], ...options.env };
  return run(process.execPath, [cliFile, ...args], { cleanEnv: true, ...options, env });
}

export type RunningCli = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts `spacetail ARG…` with pipes; it is killed when the test ends. */
export function startCli(
  t: HasTeardown,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningCli {
  const child = spawn(process.execPath, [cliFile, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}
