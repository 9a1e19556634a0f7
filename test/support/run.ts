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
  /** The exit code, or 128 + n where signal n ended it; 127 not found, 126 not executable. */
  code: number;
  signal: string | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
  durationMs: number;
}

const SIGNALS: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * What tap and node:test put into the environment of each child, even into one that we made
 * ourselves: a program under test is not to see it (it would load tap, and warn differently).
 */
const OF_THE_TEST_RUNNER = [
  'NODE_OPTIONS',
  'NODE_V8_COVERAGE',
  'NODE_TEST_CONTEXT',
  '_TAPJS_PROCESSINFO_CWD_',
  '_TAPJS_PROCESSINFO_EXCLUDE_',
  '_TAPJS_PROCESSINFO_COVERAGE_',
  '_TAPJS_PROCESSINFO_COV_FILES_',
  '_TAPJS_PROCESSINFO_COV_EXCLUDE_FILES_',
  '_TAPJS_PROCESSINFO_COV_EXCLUDE_',
  '_TAPJS_PROCESSINFO_LAZY_LOAD_',
  '_TAPJS_PROCESSINFO_ROOT_',
  '_TAPJS_PROCESSINFO_PARENT_',
];

/**
 * Runs a command to its end and collects what it said. Never throws for a command that fails: a
 * test looks at `code`. The command dies with this process (exit and signals, not SIGKILL).
 */
export async function run(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Finished> {
  const base = options.cleanEnv ? {} : process.env;
  // tap adds its variables inside spawn, so the last word has to be env(1)'s. It execs: the pid,
  // signals, and codes 126 and 127 are the command's.
  const unset = OF_THE_TEST_RUNNER.flatMap((name) =>
    options.env?.[name] === undefined ? ['-u', name] : [],
  );
  const result = await execa('/usr/bin/env', [...unset, command, ...args], {
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
