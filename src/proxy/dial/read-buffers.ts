/** Buffers that sockets read into. Those of closed tunnels are used again: a fresh one costs the collector more than the connection does. */
import { Buffer } from 'node:buffer';

const MOST_SPARE = 64;
const READ_BUFFER_BYTES = 128 * 1024;
const spare: Buffer[] = [];

/** Untouched pages of it cost no memory: an idle tunnel keeps only what it has read. */
export function takeReadBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
}

/** Once nothing can be read into it or sent from it any more. */
export function giveBack(buffer: Buffer): void {
  if (spare.length < MOST_SPARE) spare.push(buffer);
}
