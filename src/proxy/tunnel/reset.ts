import type { Socket } from 'node:net';

/**
 * Closes with a reset. Not while the socket's own end is under way: libuv then refuses the reset
 * (uv_tcp_close_reset after uv_shutdown), and Node up to 24 takes the handle for closed all the same, so
 * the descriptor stays open and the process spins for ever when it exits.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
