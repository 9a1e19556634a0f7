/** Messages back to bytes. */
import type { Version } from './head.ts';

const CRLF = Buffer.from('\r\n');
/** Up to here a copy costs less than a write of several parts. */
const COPIED_BYTES = 16 * 1024;

export function formatRequestHead(
  method: string,
  target: string,
  fields: readonly string[],
  version: Version = '1.1',
): Buffer {
  return formatHead(`${method} ${target} HTTP/${version}`, fields);
}

export function formatResponseHead(
  status: number,
  reason: string,
  fields: readonly string[],
): Buffer {
  return formatHead(`HTTP/1.1 ${status} ${reason}`, fields);
}

function formatHead(startLine: string, fields: readonly string[]): Buffer {
  return Buffer.from(`${startLine}\r\n${fieldLines(fields)}\r\n`, 'latin1');
}

function fieldLines(fields: readonly string[]): string {
  let text = '';
  for (let at = 0; at + 1 < fields.length; at += 2)
    text += `${fields[at]!}: ${fields[at + 1]!}\r\n`;
  return text;
}

/** One chunk, in the parts to be written one after the other. Of no bytes there is none: that would end the body. */
export function formatChunk(content: Buffer): readonly Buffer[] {
  if (content.length === 0) return [];
  const size = Buffer.from(`${content.length.toString(16)}\r\n`, 'latin1');
  return content.length > COPIED_BYTES
    ? [size, content, CRLF]
    : [Buffer.concat([size, content, CRLF])];
}

export function formatLastChunk(trailers: readonly string[]): Buffer {
  return Buffer.from(`0\r\n${fieldLines(trailers)}\r\n`, 'latin1');
}
