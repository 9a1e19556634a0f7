import { PassThrough } from 'node:stream';
import type { CommandIo } from '../../src/commands/io.ts';

export interface TestIo {
  readonly io: CommandIo;
  /** What was written so far. */
  stdout(): string;
  stderr(): string;
  /** As a signal to the process would. */
  end(): void;
}

/** A command's world inside the test's process: an environment of its own, streams that are collected. */
export function commandIo(env: Readonly<Record<string, string | undefined>> = {}): TestIo {
  const collected = { stdout: '', stderr: '' };
  const collect = (name: keyof typeof collected): PassThrough => {
    const stream = new PassThrough({ encoding: 'utf8' });
    stream.on('data', (text: string) => {
      collected[name] += text;
    });
    return stream;
  };
  const ending = new AbortController();
  return {
    io: {
      stdin: new PassThrough(),
      stdout: collect('stdout'),
      stderr: collect('stderr'),
      env: { ...env },
      signal: ending.signal,
    },
    stdout: () => collected.stdout,
    stderr: () => collected.stderr,
    end: () => ending.abort(new Error('ended by the test')),
  };
}
