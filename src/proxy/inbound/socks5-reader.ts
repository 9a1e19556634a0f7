/** Reads messages one after the other from a client's socket, with one deadline for all of them. */
import type { Socket } from 'node:net';
import type { Read } from '../core/socks5.ts';

type Incomplete =
  /** Ended, or said nothing until the deadline. */
  | { readonly kind: 'silent' }
  /** The deadline passed in the middle of something. */
  | { readonly kind: 'slow' };

export interface SocketReader {
  next<Value>(
    read: (bytes: Buffer) => Read<Value>,
  ): Promise<Exclude<Read<Value>, { kind: 'more' }> | Incomplete>;
  /** Stops reading and gives back what was read beyond the last message. The socket is paused. */
  release(): Buffer;
}

export function socketReader(socket: Socket, timeoutMs: number): SocketReader {
  let bytes: Buffer = Buffer.alloc(0);
  let hasEnded = false;
  let isLate = false;
  let wake = (): void => {};
  const onData = (chunk: Buffer): void => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    wake();
  };
  const onEnd = (): void => {
    hasEnded = true;
    wake();
  };
  const timer = setTimeout(() => {
    isLate = true;
    wake();
  }, timeoutMs);
  socket.on('data', onData).on('end', onEnd).on('close', onEnd);
  return {
    async next(read) {
      for (;;) {
        const result = read(bytes);
        if (result.kind === 'read') bytes = bytes.subarray(result.used);
        if (result.kind !== 'more') return result;
        if (hasEnded) return { kind: 'silent' };
        if (isLate)
          return { kind: bytes.length === 0 && socket.bytesRead === 0 ? 'silent' : 'slow' };
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
    release() {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      socket.pause();
      return bytes;
    },
  };
}
