import { execa } from 'execa';

export interface RunOptions {
  /** Added to the environment; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Start from an empty environment instead of ours. */
  cleanEnv?: boolean;
  cwd?: string;
  /** Written to the command's stdin; without it stdin is at its end at once. */
  input?: string | Uint8Array;
  /** The command gets SIGTERM after so many milliseconds (30,000), SIGKILL 2 s later. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface Finished {
  /** The exit code, or 128 + n where signal n ended it, 127 where it could not be started. */
  code: number;
  signal: string | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
  durationMs: number;
}

const SIGNALS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Variables that tap and node:test hand to their children: a program under test is not to see them. */
const OF_THE_TEST_RUNNER = ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'NODE_TEST_CONTEXT'];

/**
 * Runs a command to its end and collects what it said. Never throws for a command that fails: a
 * test looks at `code`. The command dies with this process (exit and signals, not SIGKILL).
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Finished> {
  const base: Record<string, string | undefined> = options.cleanEnv ? {} : { ...process.env };
  for (const name of OF_THE_TEST_RUNNER) delete base[name];
  const result = await execa(command, args, {
    env: { ...base, ...options.env },
    extendEnv: false,
    timeout: options.timeoutMs ?? 30_000,
    forceKillAfterDelay: 2000,
    reject: false,
    stripFinalNewline: false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const bySignal = result.signal === undefined ? 127 : 128 + (SIGNALS[result.signal] ?? 0);
  return {
    code: result.exitCode ?? bySignal,
    signal: result.signal,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? '',
    timedOut: result.timedOut,
    durationMs: result.durationMs,
  };
}
