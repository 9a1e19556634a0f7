/**
 * Lines that wait for the disk, as bytes from the beginning: as strings of many parts they would cost the garbage
 * collector more than the disk does.
 */
const chunkBytes = 65_536;
/** UTF-8 of one UTF-16 code unit. */
const mostBytesPerUnit = 3;
const newline = 0x0a;

interface Chunk {
  readonly buffer: Buffer;
  used: number;
}

export class WaitingLines {
  /** Oldest first; the last one has room left. */
  readonly #chunks: Chunk[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** @param line - with its line feed */
  add(line: string): void {
    const chunk = this.#chunkFor(line.length * mostBytesPerUnit);
    const written = chunk.buffer.write(line, chunk.used);
    chunk.used += written;
    this.#bytes += written;
  }

  /** The oldest whole lines, some tens of KB of them; they wait no more. `undefined` where there are none. */
  take(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#bytes -= chunk.used;
    return chunk.buffer.subarray(0, chunk.used);
  }

  /** @returns how many there were */
  clear(): number {
    let lines = 0;
    for (let bytes = this.take(); bytes !== undefined; bytes = this.take()) lines += linesIn(bytes);
    return lines;
  }

  #chunkFor(bytes: number): Chunk {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.used + bytes <= last.buffer.length) return last;
    const chunk = { buffer: Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes)), used: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }
}

/** Those that end in it. */
export function linesIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count += 1;
  return count;
}
