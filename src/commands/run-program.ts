/** Runs another program in our place: its own terminal, signals passed on, its exit code. */
import { constants } from 'node:os';
import { messageOf } from '../errors.ts';
import { type CommandIo, isTerminal } from './io.ts';

/** SIGKILL and SIGSTOP cannot be caught; the terminal's own (TSTP, WINCH) reach the program by themselves. */
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * @returns the program's exit code; 128+n when signal n ended it, 127 when it is not found, 126 when it cannot be
 *   executed, as a shell says it
 */
export async function runProgram(options: ProgramOptions, io: CommandIo): Promise<number> {
  const early: NodeJS.Signals[] = [];
  let deliver = (name: NodeJS.Signals): unknown => early.push(name);
  const passOn = (name: NodeJS.Signals): void => {
    // Ctrl-C at a terminal reaches its whole foreground group: the program has had it already.
    if ((name === 'SIGINT' || name === 'SIGQUIT') && isTerminal(io.stdin)) return;
    deliver(name);
  };
  // Before the program starts: it may ask for a signal, or be told of one, at once.
  for (const name of passedOn) process.on(name, passOn);
  const { execa } = await import('execa');
  const child = execa(options.command, options.args, {
    stdio: 'inherit',
    env: options.env,
    extendEnv: false,
    reject: false,
    preferLocal: false,
  });
  deliver = (name) => child.kill(name);
  for (const name of early) deliver(name);
  try {
    const result = await child;
    if (result.signal !== undefined) return 128 + constants.signals[result.signal];
    if (result.exitCode !== undefined) return result.exitCode;
    io.stderr.write(`spacetail: ${options.command}: ${reasonOf(result)}\n`);
    return result.code === 'ENOENT' ? 127 : 126;
  } finally {
    for (const name of passedOn) process.off(name, passOn);
  }
}

function reasonOf(result: {
  readonly code?: string | undefined;
  readonly cause?: unknown;
}): string {
  if (result.code === 'ENOENT') return 'not found';
  return result.code === 'EACCES' ? 'permission denied' : messageOf(result.cause);
}
