/** What a command sees of the world around it. */
import type { Readable, Writable } from 'node:stream';
import { SpacetailError } from '../errors.ts';

export interface CommandIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** With flags laid over it. */
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by SIGINT, SIGTERM or SIGHUP; the reason is a SpacetailError whose cause is the signal's name. */
  readonly signal: AbortSignal;
}

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The process's own. A reader of its output that went away (`spacetail logs | head`) ends it quietly. */
export function processIo(): CommandIo {
  const ending = new AbortController();
  for (const name of endingSignals) {
    process.on(name, () => {
      ending.abort(new SpacetailError('up_interrupted', `ended by ${name}`, { cause: name }));
    });
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // 128 + SIGPIPE, as a program that does not catch the signal ends.
    if (error.code === 'EPIPE') process.exit(141);
    throw error;
  });
  // Whoever reads our messages is not who uses the bridge: without a reader, or a place on the disk, they are lost.
  process.stderr.on('error', () => {});
  const { stdin, stdout, stderr, env } = process;
  return { stdin, stdout, stderr, env, signal: ending.signal };
}

/** Colour only for a terminal, and never against NO_COLOR (no-color.org). */
export function hasColour(stream: Writable, env: NodeJS.ProcessEnv): boolean {
  return isTerminal(stream) && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

export function isTerminal(stream: Readable | Writable): boolean {
  return (stream as { isTTY?: boolean }).isTTY === true;
}

/** Resolves when the text is out, so that a process may exit at once. */
export function print(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error == null ? resolve() : reject(error)));
  });
}
