import { connect } from 'node:net';
import { messageOf, SpacetailError } from '../errors.ts';
import { type ErrorMessage, fromErrorMessage } from './error-message.ts';
import { readJsonLines, writeJsonLine } from './json-lines.ts';

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

/**
 * Asks the supervisor for one operation.
 * @param path of the control socket
 * @throws {SpacetailError} `not_up` when nobody listens, `control_failed` when it goes away in mid-answer, else the
 *   supervisor's own error; the signal's reason when aborted
 */
export async function callControl(
  path: string,
  operation: string,
  options: CallOptions,
): Promise<unknown> {
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
      throw new SpacetailError('not_up', 'spacetail is not up', { cause: error });
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
