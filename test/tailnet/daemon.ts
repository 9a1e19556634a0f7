import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** A program in the background that dies with us, whichever way we die. */
export interface Daemon {
  readonly pid: number;
  readonly running: boolean;
  /** The last lines of what it wrote. */
  lastWords(lines?: number): string;
  /** Sends a signal and waits for its end; SIGKILL follows after `graceMs` (5,000). */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
  readonly process: ChildProcess;
}

export interface DaemonOptions {
  log: string;
  env?: Record<string, string>;
}

/** Variables that would send a daemon of the tailnet out through somebody's proxy. */
const PROXY_VARIABLES = /^(https?|all|no)_proxy$/i;

/**
 * Starts a program with its output in a file. `setpriv --pdeathsig` makes the kernel kill it when
 * this process is gone, so that not even SIGKILL leaves daemons behind.
 */
export function startDaemon(file: string, args: string[], options: DaemonOptions): Daemon {
  const inherited = Object.entries(process.env).filter(([name]) => !PROXY_VARIABLES.test(name));
  const log = openSync(options.log, 'a', 0o600);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], {
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const running = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    get pid() {
      return child.pid ?? -1;
    },
    get running() {
      return running();
    },
    process: child,
    lastWords: (lines = 15) =>
      readFileSync(options.log, 'utf8').trimEnd().split('\n').slice(-lines).join('\n'),
    async stop(signal = 'SIGTERM', graceMs = 5000) {
      if (!running()) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/**
 * Waits until `ready` is true.
 * @throws Error with the daemon's last words when it ends first or the deadline passes.
 */
export async function untilReady(
  daemon: Daemon,
  name: string,
  ready: () => Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  const gone = once(daemon.process, 'exit').then(() => true);
  for (;;) {
    if (await ready().catch(() => false)) return;
    const pause = new Promise<false>((resolve) => void setTimeout(resolve, 20, false));
    const over = !daemon.running || (await Promise.race([gone, pause]));
    if (over) throw new Error(`${name} ended at its start:\n${daemon.lastWords()}`);
    if (performance.now() > end) {
      throw new Error(`${name} was not ready after ${deadlineMs} ms:\n${daemon.lastWords()}`);
    }
  }
}
