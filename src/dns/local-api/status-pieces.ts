/**
 * A status document cut into pieces that are parsed one by one: JSON.parse of 10,000 peers at once holds up the
 * event loop for 50 ms and more.
 */

/** Smaller documents are parsed at once: in 2 ms. */
const MAX_WHOLE_BYTES = 256 << 10;
const PIECE_BYTES = 64 << 10;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const KEY = Buffer.from('"Peer"');

/**
 * Yields the members of a large document's `Peer` as JSON objects of some 64 KB, and returns the document
 * without them; a small one is returned whole. Checks no syntax: JSON.parse of what it gives out does.
 */
export function* cutPeers(bytes: Buffer): Generator<string, string> {
  const start = bytes.length > MAX_WHOLE_BYTES ? startOfPeers(bytes) : -1;
  if (start < 0) return bytes.toString('utf8');
  let from = start;
  let at = start;
  for (let depth = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      if (--depth < 0) break;
    } else if (byte === COMMA && depth === 0 && at - from >= PIECE_BYTES) {
      yield `{${bytes.toString('utf8', from, at)}}`;
      from = at + 1;
    }
  }
  yield `{${bytes.toString('utf8', from, at)}}`;
  return bytes.toString('utf8', 0, start) + bytes.toString('utf8', at);
}

/** Where the members of the outermost object's `Peer` begin; -1 where there is no such object. */
function startOfPeers(bytes: Buffer): number {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      const isKey = depth === 1 && bytes.subarray(at, end + 1).equals(KEY);
      const open = isKey ? openAfterColon(bytes, end + 1) : -1;
      if (open >= 0) return open + 1;
      at = end;
    } else if (byte === OPEN || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
  }
  return -1;
}

/** Where the closing quote of the string that opens at `at` stands. */
function endOfString(bytes: Buffer, at: number): number {
  let end = at + 1;
  while (end < bytes.length && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end;
}

function openAfterColon(bytes: Buffer, at: number): number {
  const colon = afterSpace(bytes, at);
  const open = bytes[colon] === COLON ? afterSpace(bytes, colon + 1) : -1;
  return bytes[open] === OPEN ? open : -1;
}

function afterSpace(bytes: Buffer, at: number): number {
  let next = at;
  while (bytes[next] === 0x20 || (bytes[next]! >= 0x09 && bytes[next]! <= 0x0d)) next++;
  return next;
}
