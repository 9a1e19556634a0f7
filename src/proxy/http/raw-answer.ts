/** An HTTP answer written on a bare socket, where there is no ServerResponse (any more). */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../core/failure.ts';
import { answerOf } from '../core/failure.ts';
import { pairs } from './headers.ts';

/** How long the client may go on sending after its answer. */
const LINGER_MS = 1000;

export function formatHead(status: number, reason: string, fields: readonly string[]): Buffer {
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  for (const [name, value] of pairs(fields)) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Answers and closes. */
export function answerRaw(socket: Socket, failed: Failure): void {
  const { status, fields, body } = answerOf(failed);
  const head = formatHead(status, STATUS_CODES[status] ?? '', [...fields, 'Connection', 'close']);
  endAndLinger(socket, Buffer.concat([head, Buffer.from(body)]));
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
