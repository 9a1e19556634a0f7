/** Answers that the bridge gives by itself, as bytes on the client's socket. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../core/failure.ts';
import { answerOf } from '../core/failure.ts';
import { formatResponseHead } from '../../http1/write.ts';

/** How long the client may go on sending after its answer. */
const LINGER_MS = 1000;
const LONGEST_REASON = 120;

export interface FailureAnswer {
  /** The connection ends with it. */
  readonly isLast: boolean;
  /** The answer to a HEAD has no content. */
  readonly isHead?: boolean;
  /** Most clients show nothing of a failed CONNECT but its reason phrase. */
  readonly saysWhy?: boolean;
}

export function formatFailure(
  failed: Failure,
  { isLast, isHead = false, saysWhy = false }: FailureAnswer,
): Buffer {
  const { status, fields, body } = answerOf(failed);
  const reason = saysWhy ? reasonPhrase(failed) : (STATUS_CODES[status] ?? '');
  const head = formatResponseHead(
    status,
    reason,
    isLast ? [...fields, 'Connection', 'close'] : fields,
  );
  return isHead ? head : Buffer.concat([head, Buffer.from(body)]);
}

/** Answers and closes. */
export function answerAndClose(
  socket: Socket,
  failed: Failure,
  how: Omit<FailureAnswer, 'isLast'> = {},
): void {
  endAndLinger(socket, formatFailure(failed, { ...how, isLast: true }));
}

/** What is wrong, as one line of printable ASCII (RFC 9112 4). */
function reasonPhrase({ detail }: Failure): string {
  const text = detail.replaceAll(/[^ -~]/gu, '?');
  return text.length <= LONGEST_REASON ? text : `${text.slice(0, LONGEST_REASON - 3)}...`;
}

/**
 * Sends the last bytes and closes, but reads on for a moment: closing with unread bytes sends a reset,
 * which can take the answer away from the client before it has read it (RFC 9112 9.6).
 */
export function endAndLinger(socket: Socket, bytes?: Buffer): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => {
    socket.destroy();
  }, LINGER_MS);
  socket
    .on('error', () => {})
    .once('close', () => {
      clearTimeout(timer);
    });
  if (bytes === undefined) socket.end();
  else socket.end(bytes);
  socket.removeAllListeners('data');
  socket.resume();
}
