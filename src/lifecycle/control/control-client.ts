import { connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, SpacetailError } from '../../errors.ts';
import { type ErrorMessage, fromErrorMessage } from './error-message.ts';
import { readJsonLines, writeJsonLine } from './json-lines.ts';
import { readPidfile } from '../folder/pidfile.ts';
import { runtimePaths } from '../folder/runtime-folder.ts';
import { waitForSocket } from './socket-answers.ts';

export interface CallOptions {
  readonly parameters?: unknown;
  readonly signal: AbortSignal;
  readonly onProgress?: (event: unknown) => void;
}

type Answer =
  | { readonly progress: unknown }
  | { readonly result: unknown }
  | { readonly error: ErrorMessage };

function isAnswer(value: unknown): value is Answer {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['progress', 'result', 'error'].some((key) => key in value)
  );
}

class NobodyListens extends SpacetailError {
  constructor(path: string, cause: unknown) {
    super('not_up', `nothing is up in ${dirname(path)}`, { cause });
  }
}

/** A supervisor that has claimed the folder listens within milliseconds; on a loaded machine later. */
const startingMs = 5000;
const retryMs = 200;

/**
 * Asks the supervisor for one operation. One that has just started, and does not listen yet, is waited for.
 * @param path of the control socket, in the runtime folder
 * @throws {SpacetailError} `not_up` when nobody listens, `control_failed` when it goes away in mid-answer, else the
 *   supervisor's own error; the signal's reason when aborted
 */
export async function callControl(
  path: string,
  operation: string,
  options: CallOptions,
): Promise<unknown> {
  const { pidfile } = runtimePaths(dirname(path));
  const deadline = performance.now() + startingMs;
  for (;;) {
    options.signal.throwIfAborted();
    const supervisor = await readPidfile(pidfile).catch(() => undefined);
    try {
      return await callOnce(path, operation, options);
    } catch (error) {
      const isUp = error instanceof NobodyListens && supervisor?.kind === 'running';
      if (!isUp || performance.now() > deadline) throw error;
    }
    const retry = AbortSignal.any([options.signal, AbortSignal.timeout(retryMs)]);
    await waitForSocket(path, retry).catch(() => {});
  }
}

async function callOnce(path: string, operation: string, options: CallOptions): Promise<unknown> {
  options.signal.throwIfAborted();
  const socket = connect(path);
  const abort = (): unknown => socket.destroy();
  options.signal.addEventListener('abort', abort, { once: true });
  socket.on('error', () => {});
  writeJsonLine(socket, { operation, parameters: options.parameters ?? null });
  try {
    for await (const answer of readJsonLines(socket)) {
      if (!isAnswer(answer)) throw new Error('an answer of a form that is not known');
      if ('error' in answer) throw fromErrorMessage(answer.error);
      if ('result' in answer) return answer.result;
      options.onProgress?.(answer.progress);
    }
    throw new Error('it closed the connection without an answer');
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof SpacetailError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') {
      throw new NobodyListens(path, error);
    }
    throw new SpacetailError(
      'control_failed',
      `the supervisor did not answer ${operation}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    options.signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}
