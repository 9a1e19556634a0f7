import type { Writable } from 'node:stream';

/** Longer than any configuration; a peer that sends more without a line end is not ours. */
const longestLineBytes = 4 << 20;

/**
 * The JSON values of a stream, one a line, until its end.
 * @throws {Error} when a line is not JSON or longer than 4 MiB, and the stream's own error
 */
export async function* readJsonLines(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<unknown, void, undefined> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield JSON.parse(Buffer.concat([...parts, rest.subarray(0, end)]).toString('utf8'));
      parts = [];
      bytes = 0;
      rest = rest.subarray(end + 1);
    }
    bytes += rest.length;
    if (bytes > longestLineBytes) throw new Error(`a line of more than ${longestLineBytes} bytes`);
    if (rest.length > 0) parts.push(rest);
  }
}

/** Writes one value as a line; a stream whose other end is gone swallows it. */
export function writeJsonLine(stream: Writable, value: unknown): void {
  if (stream.writable) stream.write(`${JSON.stringify(value)}\n`);
}
