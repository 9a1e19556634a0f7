/** Notices that a client goes away while it waits. */
import type { SocketReader } from '../http/socket-reader.ts';
import { goneCheck } from '../tunnel/half-close.ts';

/** A FIN is mostly a close: soon after it, and then again and again, the kernel is asked whether anybody is left. */
const FIRST_CHECK_MS = 10;
const CHECK_EVERY_MS = 200;

/**
 * Calls `onGone` when the client's socket is closed, or it has sent its FIN and no process holds the other end any
 * more. A client that only half-closes after its request still waits for its answer.
 *
 * @returns ends the watch
 */
export function whenGone(reader: SocketReader, onGone: () => void): () => void {
  const { socket } = reader;
  const isClosed = goneCheck(socket);
  let check: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const timer = check;
    const isGone = await isClosed();
    if (timer === undefined || check !== timer) return;
    if (isGone) onGone();
    else check = setTimeout(() => void look(), CHECK_EVERY_MS);
  };
  const onEnd = (): void => {
    if (socket.destroyed) onGone();
    else check ??= setTimeout(() => void look(), FIRST_CHECK_MS);
  };
  reader.onEnd = onEnd;
  socket.on('close', onGone);
  if (reader.sawEnd) onEnd();
  return () => {
    reader.onEnd = undefined;
    socket.off('close', onGone);
    clearTimeout(check);
    check = undefined;
  };
}
