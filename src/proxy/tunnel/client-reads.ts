/**
 * Reads an accepted connection: as a stream, and once it has sent much, into one fixed buffer as lines do (`onread`).
 * Node has that option for connections that it opens, not for those that it accepts, so what the option sets is set
 * here; where a Node has it otherwise, the stream goes on.
 */
import type { Socket } from 'node:net';
import { giveBack, takeReadBuffer } from '../dial/read-buffers.ts';

/** Most clients never send so much, and need no buffer. */
const MANY_BYTES = 256 * 1024;

interface Internals {
  readonly _handle?: { readonly useUserBuffer?: (buffer: Buffer) => unknown } | null;
  [name: symbol]: unknown;
}

export class ClientReads {
  readonly #socket: Socket;
  readonly #take: (chunk: Buffer) => boolean;
  #bytes = 0;
  #fixAtBytes = MANY_BYTES;
  #buffer: Buffer | undefined;

  /** @param take - of a chunk that is only valid during the call; `false` stops the reading until `socket.resume()` */
  constructor(socket: Socket, take: (chunk: Buffer) => boolean) {
    this.#socket = socket;
    this.#take = take;
    socket.on('data', this.#onData);
  }

  get isFixed(): boolean {
    return this.#buffer !== undefined;
  }

  /** Gives the buffer back once nothing can be read into it or sent from it: both ends are closed. */
  recycle(): void {
    if (this.#buffer !== undefined) giveBack(this.#buffer);
    this.#buffer = undefined;
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#take(chunk)) this.#socket.pause();
    this.#bytes += chunk.length;
    if (this.#bytes < this.#fixAtBytes) return;
    // Again and again, since the moment may not suit.
    this.#fixAtBytes += MANY_BYTES;
    setImmediate(this.#fix);
  };

  readonly #fix = (): void => {
    const socket = this.#socket;
    if (this.isFixed || socket.destroyed || socket.readableEnded) return;
    // What the stream still holds comes first.
    if (socket.isPaused() || socket.readableLength > 0) return;
    const buffer = takeReadBuffer();
    if (readInto(socket, buffer, (bytes) => this.#take(buffer.subarray(0, bytes))))
      this.#buffer = buffer;
    else giveBack(buffer);
  };
}

/** As the constructor of net.Socket does for `onread` (lib/net.js). */
function readInto(socket: Socket, buffer: Buffer, callback: (bytes: number) => boolean): boolean {
  const internals = socket as unknown as Internals;
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined =>
    symbols.find(({ description }) => description === name);
  const [kBuffer, kBufferCb] = [named('kBuffer'), named('kBufferCb')];
  const handle = internals._handle;
  if (kBuffer === undefined || kBufferCb === undefined) return false;
  if (typeof handle?.useUserBuffer !== 'function') return false;
  internals[kBuffer] = buffer;
  internals[kBufferCb] = callback;
  handle.useUserBuffer(buffer);
  return true;
}
