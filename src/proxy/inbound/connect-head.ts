/**
 * The head of a CONNECT as nearly all clients send it, read without node:http. What is written in any other way
 * is not judged here but left to node's parser, so that nothing becomes a request that would not be one there.
 */

export interface ConnectHead {
  /** The request target as sent; not yet judged. */
  readonly target: string;
  readonly proxyAuthorization: string | undefined;
  /** Bytes of the head: what follows is the tunnel's. */
  readonly used: number;
}

/** Longer ones are rare, and node's parser counts them exactly. */
const LONGEST = 8192;
const END = Buffer.from('\r\n\r\n');
/** `C`; a cheap look before all others. */
const FIRST = 0x43;
/** RFC 9112 3 and 5, without any of the liberties: one space, CRLF, no folding, no space before a colon. */
const HEAD =
  /^CONNECT (?<target>[\w.:[\]~-]+) HTTP\/1\.[01]\r\n(?<fields>(?:[\w!#$%&'*+.^`|~-]+:[\t\u0020-\u007E\u0080-\u00FF]*\r\n)*)\r\n$/u;
/** With one of these it is node's parser that says what follows. */
const FRAMING = /^(?:content-length|transfer-encoding|upgrade|expect):/imu;
const HOSTS = /^host:/gimu;
const AUTHORIZATION = /^proxy-authorization:[\t ]*(?<value>[^\r]*?)[\t ]*\r$/gimu;

/** `undefined`: leave the bytes to node:http, all of them. */
export function readConnectHead(bytes: Buffer): ConnectHead | undefined {
  if (bytes[0] !== FIRST) return undefined;
  const end = bytes.indexOf(END);
  if (end === -1 || end > LONGEST) return undefined;
  const used = end + END.length;
  const { target, fields } = HEAD.exec(bytes.toString('latin1', 0, used))?.groups ?? {};
  if (target === undefined || fields === undefined || FRAMING.test(fields)) return undefined;
  if ((fields.match(HOSTS)?.length ?? 0) > 1) return undefined;
  const authorizations = [...fields.matchAll(AUTHORIZATION)];
  if (authorizations.length > 1) return undefined;
  return { target, proxyAuthorization: authorizations[0]?.groups?.value, used };
}
