/** Heads of requests and of answers: RFC 9112 2 to 5. */
import { CR, isOf, SPACE, spanOf, TARGET, TEXT, TOKEN } from './bytes.ts';
import { SectionReader } from './section.ts';
import type { Grammar } from './section.ts';

export type Version = '1.0' | '1.1';

export interface RequestLine {
  /** Any token, as sent: methods are case-sensitive. */
  readonly method: string;
  /** Bytes as latin1, without whitespace or controls; in which form, and whether it can be used, is not judged here. */
  readonly target: string;
  readonly version: Version;
}

export interface StatusLine {
  /** 100 to 999. */
  readonly status: number;
  /** As sent; may be empty. */
  readonly reason: string;
  readonly version: Version;
}

export interface RequestHead extends RequestLine {
  readonly fields: readonly string[];
}

export interface ResponseHead extends StatusLine {
  readonly fields: readonly string[];
}

/** Of a head, and of trailers. */
export const MAX_SECTION_BYTES = 64 * 1024;

const VERSION_BYTES = 'HTTP/1.1'.length;
const PROTOCOL = Buffer.from('HTTP/');

const requestGrammar: Grammar<RequestLine> = {
  isStrict: true,
  beginProblem: (bytes, from) =>
    isOf(TOKEN, bytes[from]) || bytes[from] === CR ? undefined : NO_REQUEST,
  readStart: readRequestLine,
};

const responseGrammar: Grammar<StatusLine> = {
  isStrict: false,
  beginProblem: (bytes, from, to) => {
    const length = Math.min(to - from, PROTOCOL.length);
    const isAlike = bytes.compare(PROTOCOL, 0, length, from, from + length) === 0;
    return isAlike || bytes[from] === CR ? undefined : NO_STATUS;
  },
  readStart: readStatusLine,
};

const trailerGrammar = (isStrict: boolean): Grammar<undefined> => ({
  isStrict,
  beginProblem: undefined,
  readStart: undefined,
});

const NO_REQUEST = 'the first line is not METHOD TARGET HTTP/1.1';
const NO_STATUS = 'the first line is not HTTP/1.1 STATUS';

export const requestReader = (maxBytes = MAX_SECTION_BYTES): SectionReader<RequestLine> =>
  new SectionReader(requestGrammar, maxBytes);

export const responseReader = (maxBytes = MAX_SECTION_BYTES): SectionReader<StatusLine> =>
  new SectionReader(responseGrammar, maxBytes);

export const trailerReader = (isStrict: boolean): SectionReader<undefined> =>
  new SectionReader(trailerGrammar(isStrict), MAX_SECTION_BYTES);

/** One space between the parts, and none elsewhere: with more, two readers could see two targets. */
function readRequestLine(
  bytes: Buffer,
  from: number,
  to: number,
): RequestLine | { readonly problem: string } {
  const methodEnd = spanOf(TOKEN, bytes, from, to);
  if (methodEnd === from || bytes[methodEnd] !== SPACE) return { problem: NO_REQUEST };
  const targetEnd = spanOf(TARGET, bytes, methodEnd + 1, to);
  if (targetEnd === methodEnd + 1) return { problem: NO_REQUEST };
  if (targetEnd === to) return { problem: 'the first line has no version' };
  if (bytes[targetEnd] !== SPACE) return { problem: 'a control character in the target' };
  const version = versionAt(bytes, targetEnd + 1, to);
  if (version === undefined || targetEnd + 1 + VERSION_BYTES !== to) {
    return { problem: 'the first line does not end in HTTP/1.1 or HTTP/1.0' };
  }
  return {
    method: bytes.toString('latin1', from, methodEnd),
    target: bytes.toString('latin1', methodEnd + 1, targetEnd),
    version,
  };
}

/** The reason may be missing, and the space before it too, as many servers send it. */
function readStatusLine(
  bytes: Buffer,
  from: number,
  to: number,
): StatusLine | { readonly problem: string } {
  const version = versionAt(bytes, from, to);
  const statusAt = from + VERSION_BYTES + 1;
  const statusEnd = statusAt + 3;
  if (version === undefined || statusEnd > to || bytes[statusAt - 1] !== SPACE) {
    return { problem: NO_STATUS };
  }
  let status = 0;
  for (let at = statusAt; at < statusEnd; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return { problem: NO_STATUS };
    status = 10 * status + digit;
  }
  if (status < 100) return { problem: `the status ${status} is below 100` };
  if (statusEnd !== to && bytes[statusEnd] !== SPACE) return { problem: NO_STATUS };
  const reasonAt = Math.min(statusEnd + 1, to);
  if (spanOf(TEXT, bytes, reasonAt, to) !== to) {
    return { problem: 'a control character in the reason' };
  }
  return { status, reason: bytes.toString('latin1', reasonAt, to), version };
}

function versionAt(bytes: Buffer, at: number, to: number): Version | undefined {
  if (at + VERSION_BYTES > to || bytes.compare(PROTOCOL, 0, PROTOCOL.length, at, at + 5) !== 0) {
    return undefined;
  }
  const number = bytes.toString('latin1', at + PROTOCOL.length, at + VERSION_BYTES);
  return number === '1.1' || number === '1.0' ? number : undefined;
}
