/** Notices that a client goes away while it has to wait: a FIN is only seen by who reads. */
import type { Socket } from 'node:net';

const MOST_BYTES = 64 * 1024;

/**
 * Calls `onGone` when the client ends or resets. What it sends meanwhile is kept.
 *
 * @returns ends the watch, pauses the socket and gives what was sent
 */
export function watchClient(socket: Socket, onGone: () => void): () => Buffer {
  const kept: Buffer[] = [];
  let bytes = 0;
  const onData = (chunk: Buffer): void => {
    kept.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_BYTES) socket.pause();
  };
  socket.on('data', onData).on('end', onGone).on('close', onGone);
  if (socket.destroyed) onGone();
  return () => {
    socket.off('data', onData).off('end', onGone).off('close', onGone);
    socket.pause();
    return Buffer.concat(kept);
  };
}
