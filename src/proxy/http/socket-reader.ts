/** Reads a socket at its caller's pace: what comes meanwhile waits, and beyond 64 KB the sender does. */
import type { Socket } from 'node:net';

const MOST_WAITING_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class SocketReader {
  readonly socket: Socket;
  /** Called once: the other side has sent its FIN, or the socket is closed. Bytes may still wait. */
  onEnd: (() => void) | undefined;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #isPaused = false;
  #sawEnd: boolean;
  #wake: (() => void) | undefined;

  /** @param socket - nobody else may read it; its errors are somebody else's matter */
  constructor(socket: Socket) {
    this.socket = socket;
    this.#sawEnd = socket.readableEnded || socket.destroyed;
    socket.on('data', this.#onData).on('end', this.#onEnded).on('close', this.#onEnded);
    socket.resume();
  }

  /** The other side has sent its FIN, or the socket is closed. */
  get sawEnd(): boolean {
    return this.#sawEnd;
  }

  get hasBytes(): boolean {
    return this.#waiting.length > 0;
  }

  /** The next piece of what waits. */
  take(): Buffer | undefined {
    const piece = this.#waiting.shift();
    if (piece === undefined) return undefined;
    this.#bytes -= piece.length;
    if (this.#isPaused && this.#bytes < MOST_WAITING_BYTES) {
      this.#isPaused = false;
      this.socket.resume();
    }
    return piece;
  }

  /** To be read again, before all that waits. */
  putBack(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#waiting.unshift(piece);
    this.#bytes += piece.length;
  }

  /** The next piece, once there is one; `undefined` at the end, or when somebody interrupts. Never rejects. */
  async next(): Promise<Buffer | undefined> {
    const piece = this.take();
    if (piece !== undefined || this.#sawEnd) return piece;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    return this.take();
  }

  /** Ends the wait of `next`, if there is one. */
  interrupt(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Reads no more. The socket is paused; what waits is for who comes next. */
  detach(): Buffer {
    this.onEnd = undefined;
    this.socket.off('data', this.#onData).off('end', this.#onEnded).off('close', this.#onEnded);
    this.socket.pause();
    const rest = this.#waiting.length === 1 ? this.#waiting[0] : undefined;
    return rest ?? (this.#waiting.length === 0 ? NOTHING : Buffer.concat(this.#waiting));
  }

  readonly #onData = (piece: Buffer): void => {
    this.#waiting.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes >= MOST_WAITING_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.socket.pause();
    }
    this.interrupt();
  };

  readonly #onEnded = (): void => {
    if (this.#sawEnd) return;
    this.#sawEnd = true;
    this.interrupt();
    this.onEnd?.();
  };
}

/** Resolves when the socket takes more, or is closed. */
export async function drained(socket: Socket): Promise<void> {
  if (!socket.writableNeedDrain || socket.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve).once('close', resolve);
  await promise;
  socket.off('drain', resolve).off('close', resolve);
}
