import { rm } from 'node:fs/promises';
import { SpacetailError } from '../../errors.ts';
import { cannotStart, describeExit, exitOf } from './child-exit.ts';
import { flagTrouble } from './go-flags.ts';
import { createLineRing } from './line-ring.ts';
import { identify, type ProcessId, signalProcess } from '../folder/process-id.ts';
import { socketAnswers, waitForSocket } from '../control/socket-answers.ts';
import { socksFlag } from './tailscaled-arguments.ts';
import type { TailscaledLog } from './tailscaled-log.ts';

export interface TailscaledExit {
  /** One clause, e.g. `ended with exit code 1`. */
  readonly how: string;
  readonly lastLines: readonly string[];
}

/** One life of the child process. */
export interface Tailscaled {
  readonly process: ProcessId;
  /** Where its SOCKS5 server listens, if it has one. */
  readonly socksAddress: { readonly host: string; readonly port: number } | undefined;
  readonly socket: string;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<TailscaledExit>;
  /** What it said last, oldest first. */
  lastLines(): readonly string[];
  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

export interface TailscaledOptions {
  readonly binary: string;
  readonly args: readonly string[];
  readonly socket: string;
  /** Complete; nothing of our own environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly log: TailscaledLog;
  /** Called as soon as the process exists, before it answers. */
  readonly onSpawn?: (process: ProcessId) => void;
}

/** The last lines for a message, or a clause that there were none. */
export function quoteLines(lines: readonly string[], who = 'it'): string {
  return lines.length === 0
    ? `${who} said nothing`
    : `${who} last said:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** tailscaled.go logs this where --socks5-server ends in :0. */
const socksLine = /SOCKS5 listening on (127\.0\.0\.1):(\d{1,5})$/;

const quotedLines = 8;

/** One that never came up has nothing to log out. */
const startGraceMs = 500;

/** Reaches the children of a wrapper script, too; the group is the child's own. */
function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // Nobody of it is left.
  }
}

function failed(message: string, lines: readonly string[], cause?: unknown): SpacetailError {
  return new SpacetailError('tailscaled_failed', `${message}; ${quoteLines(lines)}`, { cause });
}

/**
 * Starts tailscaled and waits until its SOCKS5 port is known and its socket answers. It dies with this
 * process, even a killed one: its fd 3 is the end of a pipe that only we hold (TS_PARENT_DEATH_FD).
 *
 * @throws {SpacetailError} `binary_missing`, `tailscaled_failed`; the signal's reason, after the child is gone
 */
export async function startTailscaled(
  options: TailscaledOptions,
  signal: AbortSignal,
): Promise<Tailscaled> {
  const { execa } = await import('execa');
  signal.throwIfAborted();
  if (await socketAnswers(options.socket)) {
    throw new SpacetailError(
      'tailscaled_failed',
      `somebody else's tailscaled answers on ${options.socket}`,
      {
        hint: 'It is left alone. Set TS_SOCKET, or leave it out, so that ours gets a socket of its own.',
      },
    );
  }
  await rm(options.socket, { force: true });
  const child = execa(options.binary, options.args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...options.env, TS_PARENT_DEATH_FD: '3' },
    extendEnv: false,
    cwd: options.cwd,
    // Its own group: a Ctrl-C in the terminal of a foreground `serve` is for us alone.
    detached: true,
    buffer: false,
    reject: false,
  });
  const { promise: socksPort, resolve: foundPort } = Promise.withResolvers<number | undefined>();
  let wrongFlag: string | undefined;
  const ring = createLineRing(quotedLines, (line) => {
    wrongFlag ??= flagTrouble(line, 'tailscaled');
    options.log.writeLine(line);
    const match = socksLine.exec(line);
    if (match !== null) foundPort(Number(match[2]));
  });
  if (!options.args.includes(socksFlag)) foundPort(undefined);
  child.stderr.on('data', (chunk: Buffer) => ring.push(chunk));
  // Nothing is ever written to it; it ends when the child does.
  child.stdio[3]?.on('error', () => {});
  const exited = exitOf(child.nodeChildProcess).then((exit): TailscaledExit => ({
    how: describeExit(exit),
    lastLines: ring.lines(),
  }));
  child.nodeChildProcess.once(
    'exit',
    () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'),
  );
  if (child.pid === undefined) throw cannotStart(options.binary, (await child).code);
  // A child that ended before we looked has no start time any more.
  const self = identify(child.pid) ?? { pid: child.pid, startTicks: -1 };
  options.onSpawn?.(self);

  const stop = async (graceMs: number): Promise<void> => {
    signalProcess(self, 'SIGTERM');
    const timer = setTimeout(() => signalProcess(self, 'SIGKILL'), graceMs);
    await exited;
    clearTimeout(timer);
  };
  const waiting = new AbortController();
  const died = exited.then((exit) => {
    // The rest of what it said is its help.
    if (wrongFlag !== undefined)
      throw new SpacetailError('config_invalid', `TS_TAILSCALED_EXTRA_ARGS: ${wrongFlag}`);
    throw failed(`tailscaled ${exit.how}`, exit.lastLines);
  });
  try {
    const [port] = await Promise.race([
      Promise.all([
        socksPort,
        waitForSocket(options.socket, AbortSignal.any([signal, waiting.signal])),
      ]),
      died,
      aborted(signal, waiting.signal),
    ]);
    return {
      process: self,
      socksAddress: port === undefined ? undefined : { host: '127.0.0.1', port },
      socket: options.socket,
      exited,
      lastLines: () => ring.lines(),
      stop,
    };
  } catch (error) {
    await stop(startGraceMs);
    throw error;
  } finally {
    died.catch(() => {});
    waiting.abort();
  }
}

/** Rejects with the signal's reason; lets go of it when `done` is aborted. */
function aborted(signal: AbortSignal, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true, signal: done });
  });
}
