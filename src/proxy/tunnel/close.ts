/** The two ways to close a socket of a tunnel. */
import type { Socket } from 'node:net';

/**
 * Sends the FIN after what is still to be sent. Where the other side has sent its own and all is sent, closing
 * does the same by one call of the kernel instead of two.
 */
export function finish(socket: Socket): void {
  if (socket.readableEnded && socket.writableLength === 0) socket.destroy();
  else socket.end();
}

/**
 * Closes with a reset. Not while the socket's own end is under way: libuv then refuses the reset
 * (uv_tcp_close_reset after uv_shutdown), and Node up to 24 takes the handle for closed all the same, so
 * the descriptor stays open and the process spins for ever when it exits. TLS has no reset of its own.
 */
export function reset(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (isEnding || 'encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}
