/** Where src/http1 and node's parser differ, and why: the whole list, held against both by oracle.test.ts. */
import type { Kind } from './message.ts';

export interface Difference {
  readonly kind: Kind;
  readonly example: string;
  /** `read`: it is, or may become, a message. Else what it is refused for. */
  readonly ours: string;
  readonly node: readonly string[];
  readonly why: string;
}

const ANSWER = 'HTTP/1.1 200 OK\r\n';
const POST = 'POST / HTTP/1.1\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';

export const differences: readonly Difference[] = [
  // More open: what programs and devices send, and what can be read in one way only.
  {
    kind: 'request',
    example: 'BAN http://h/ HTTP/1.1\r\n\r\n',
    ours: 'read',
    node: ['Invalid method encountered', 'Expected space after method'],
    why: 'any token is a method (RFC 9110 9.1); node has a list',
  },
  {
    kind: 'request',
    example: 'GET http://h/\u00FC HTTP/1.1\r\n\r\n',
    ours: 'read',
    node: [
      'Invalid char in url path',
      'Invalid characters in url',
      'Invalid char in url query',
      'Invalid char in url fragment start',
      'Unexpected start char in url',
      'Unexpected char in url schema',
      'Unexpected char in url server',
      'Double @ in url',
    ],
    why: 'bytes from 0x80 on are handed on; which targets can be used is judged by who reads the URI',
  },
  {
    kind: 'request',
    example: `${POST}${CHUNKED}3 \r\nabc\r\n0\r\n\r\n`,
    ours: 'read',
    node: ['Invalid character in chunk size'],
    why: 'a padded chunk size is what some servers and clients send; it is not handed on so',
  },
  {
    kind: 'request',
    example: `${POST}${CHUNKED}3;X: 1\r\nabc\r\n0\r\n\r\n`,
    ours: 'read',
    node: [
      'Invalid character in chunk extensions name',
      'Invalid character in chunk extensions value',
      'Invalid character in chunk extensions quoted value',
      'Invalid quoted-pair in chunk extensions quoted value',
      'Invalid character in chunk extensions quote value',
    ],
    why: 'extensions are read over to the CRLF and never handed on, so nobody behind reads them at all',
  },
  {
    kind: 'answer',
    example: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
    ours: 'read',
    node: [
      'Missing expected CR after response line',
      'Missing expected CR after header value',
      'Missing expected LF after header value',
      'Missing expected LF after chunk size',
      'Missing expected CR after chunk size',
      'Missing expected CR after chunk extension name',
      'Missing expected CR after chunk extension value',
      'Missing expected CR after chunk data',
      'Expected LF after chunk data',
      'Missing expected CR after headers',
      'Invalid header token',
      'Invalid header value char',
    ],
    why: 'devices end the lines of an answer with LF alone (RFC 9112 2.2 lets a recipient take it)',
  },
  {
    kind: 'answer',
    example: `${ANSWER}Set-Cookie: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
    ours: 'read',
    node: ['Unexpected whitespace after header value'],
    why: 'a folded line of an answer becomes one line (RFC 9112 5.2)',
  },
  {
    kind: 'answer',
    example: `${ANSWER}Content-Length : 0\r\n\r\n`,
    ours: 'read',
    node: ['Invalid header token', 'Invalid header field char'],
    why: 'a space before the colon of an answer is taken away (RFC 9112 5.1)',
  },
  {
    kind: 'answer',
    example: `${ANSWER}${CHUNKED}2 \r\nok\r\n0\r\n\r\n`,
    ours: 'read',
    node: [
      'Invalid character in chunk size',
      'Invalid character in chunk extensions name',
      'Invalid character in chunk extensions value',
      'Invalid character in chunk extensions quoted value',
    ],
    why: 'as in requests: padded sizes and any extension, neither handed on',
  },
  // Earlier or later, with the same end.
  {
    kind: 'request',
    example: 'BANANA',
    ours: 'read',
    node: ['Invalid method encountered'],
    why: 'the beginning of any token may become a method',
  },
  {
    kind: 'answer',
    example: '\r\u00EA',
    ours: 'read',
    node: ['Expected HTTP/, RTSP/ or ICE/', 'Expected space after version', 'Invalid HTTP version'],
    why: 'a first line is judged when it is whole',
  },
  {
    kind: 'answer',
    example: 'ICE',
    ours: 'the first line is not HTTP/1.1 STATUS',
    node: ['read'],
    why: 'RTSP and ICE are not HTTP',
  },
  // Stricter: where two readers could disagree.
  {
    kind: 'request',
    example: '\nGET / HTTP/1.1\r\n\r\n',
    ours: 'a line that does not end in CRLF',
    node: ['read'],
    why: 'an empty line before a request is CRLF as any other',
  },
  {
    kind: 'request',
    example: 'GET  / HTTP/1.1\r\n\r\n',
    ours: 'the first line is not METHOD TARGET HTTP/1.1',
    node: ['read'],
    why: 'one space between the parts of the first line (RFC 9112 3), and no CR alone before it',
  },
  {
    kind: 'request',
    example: 'GET /\r\n\r\n',
    ours: 'the first line has no version',
    node: ['read'],
    why: 'HTTP/0.9 has no head: what follows could be anything',
  },
  {
    kind: 'request',
    example: 'GET / HTTP/2.0\r\n\r\n',
    ours: 'the first line does not end in HTTP/1.1 or HTTP/1.0',
    node: ['read'],
    why: 'another version has another framing',
  },
  {
    kind: 'request',
    example: `POST / HTTP/1.0\r\n${CHUNKED}0\r\n\r\n`,
    ours: 'Transfer-Encoding in HTTP/1.0',
    node: ['read'],
    why: 'a reader of HTTP/1.0 sees no chunks (RFC 9112 6.1)',
  },
  {
    kind: 'answer',
    example: `HTTP/1.0 200 OK\r\n${CHUNKED}0\r\n\r\n`,
    ours: 'Transfer-Encoding in HTTP/1.0',
    node: ['read'],
    why: 'a reader of HTTP/1.0 sees no chunks (RFC 9112 6.1)',
  },
  {
    kind: 'request',
    example: `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ours: 'Transfer-Encoding other than a single "chunked"',
    node: ['read'],
    why: 'a coding that is taken off here must not be lost, so there is none but chunked',
  },
  {
    kind: 'answer',
    example: `${ANSWER}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ours: 'Transfer-Encoding other than a single "chunked"',
    node: ['read'],
    why: 'a coding that is taken off here must not be lost, so there is none but chunked',
  },
  {
    kind: 'answer',
    example: 'HTTP/1.1 099 No\r\n\r\n',
    ours: 'the status 99 is below 100',
    node: ['read'],
    why: 'no client knows what to make of it',
  },
  {
    kind: 'answer',
    example: '\rHTTP/1.1 204 No\r\n\r\n',
    ours: 'the first line is not HTTP/1.1 STATUS',
    node: ['read'],
    why: 'a CR alone is no line end',
  },
  {
    kind: 'answer',
    example: 'HTTP/1.1 200 \u0006K\r\nContent-Length: 0\r\n\r\n',
    ours: 'a control character in the reason',
    node: ['read'],
    why: 'a reason phrase has none (RFC 9112 4)',
  },
];
