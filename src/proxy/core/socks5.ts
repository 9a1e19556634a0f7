/**
 * The messages of SOCKS5 as bytes, both ways: the listener reads what a client sends, and a dial reads what a server
 * answers. RFC 1928 3, 4 and 6, RFC 1929 2.
 */
import { isIP } from 'node:net';
import { addressBytes, addressText } from '../../ip/addresses.ts';

export const METHOD_NONE = 0;
export const METHOD_PASSWORD = 2;
export const METHOD_UNACCEPTABLE = 0xff;
export const REPLY_COMMAND_UNSUPPORTED = 7;
export const REPLY_ADDRESS_UNSUPPORTED = 8;

export type Read<Value> =
  | { readonly kind: 'more' }
  | { readonly kind: 'read'; readonly value: Value; /** Bytes it took. */ readonly used: number }
  | {
      readonly kind: 'malformed';
      readonly detail: string;
      /** To reply, where the request was whole enough. */ readonly reply?: number;
    };

export interface SocksTarget {
  /** Name as written, or the literal: a dotted quad or RFC 5952 text, as other clients write it in HTTP. */
  readonly host: string;
  readonly port: number;
}

const VERSION = 5;
const AUTH_VERSION = 1;
const COMMAND_CONNECT = 1;
const IPV4 = 1;
const DOMAIN = 3;
const IPV6 = 4;
const HEAD_BYTES = 4;

/** VER, NMETHODS, METHODS */
export function readGreeting(bytes: Buffer): Read<readonly number[]> {
  if (bytes.length > 0 && bytes[0] !== VERSION) return malformed('the first byte is not 5');
  const count = bytes[1];
  if (count === undefined) return { kind: 'more' };
  if (count === 0) return malformed('no authentication method is offered');
  if (bytes.length < 2 + count) return { kind: 'more' };
  return { kind: 'read', value: [...bytes.subarray(2, 2 + count)], used: 2 + count };
}

/** VER, ULEN, UNAME, PLEN, PASSWD; the value is the password. */
export function readPassword(bytes: Buffer): Read<string> {
  if (bytes.length > 0 && bytes[0] !== AUTH_VERSION)
    return malformed('the authentication is not version 1');
  const userLength = bytes[1];
  if (userLength === undefined) return { kind: 'more' };
  const passwordLength = bytes[2 + userLength];
  if (passwordLength === undefined) return { kind: 'more' };
  const start = 3 + userLength;
  const used = start + passwordLength;
  if (bytes.length < used) return { kind: 'more' };
  return { kind: 'read', value: bytes.toString('utf8', start, used), used };
}

/** VER, CMD, RSV, ATYP, DST.ADDR, DST.PORT */
export function readRequest(bytes: Buffer): Read<SocksTarget> {
  if (bytes.length > 0 && bytes[0] !== VERSION)
    return malformed('the request does not begin with 5');
  if (bytes.length < HEAD_BYTES) return { kind: 'more' };
  const [, command, , type] = bytes;
  if (command !== COMMAND_CONNECT) {
    return malformed(`command ${command}, only CONNECT is served`, REPLY_COMMAND_UNSUPPORTED);
  }
  if (type !== IPV4 && type !== DOMAIN && type !== IPV6) {
    return malformed(`address type ${type}`, REPLY_ADDRESS_UNSUPPORTED);
  }
  const length = type === IPV4 ? 4 : type === IPV6 ? 16 : bytes[HEAD_BYTES];
  if (length === undefined) return { kind: 'more' };
  const start = type === DOMAIN ? HEAD_BYTES + 1 : HEAD_BYTES;
  const end = start + length;
  if (bytes.length < end + 2) return { kind: 'more' };
  const host = hostFrom(type, bytes.subarray(start, end));
  return { kind: 'read', value: { host, port: bytes.readUInt16BE(end) }, used: end + 2 };
}

function hostFrom(type: number, bytes: Buffer): string {
  if (type === IPV4) return [...bytes].join('.');
  return type === DOMAIN ? bytes.toString('latin1') : addressText(bytes);
}

/** A whole reply, always: VER, REP, RSV, ATYP, BND.ADDR 0.0.0.0, BND.PORT 0. */
export function formatReply(reply: number): Buffer {
  return Buffer.from([VERSION, reply, 0, IPV4, 0, 0, 0, 0, 0, 0]);
}

export function formatMethod(method: number): Buffer {
  return Buffer.from([VERSION, method]);
}

export function formatPasswordResult(isRight: boolean): Buffer {
  return Buffer.from([AUTH_VERSION, isRight ? 0 : 1]);
}

/** VER, NMETHODS, METHODS */
export function formatGreeting(methods: readonly number[]): Buffer {
  return Buffer.from([VERSION, methods.length, ...methods]);
}

/** VER, ULEN, UNAME, PLEN, PASSWD; both at most 255 bytes. */
export function formatPassword(user: string, password: string): Buffer {
  const [name, secret] = [Buffer.from(user), Buffer.from(password)];
  return Buffer.from([AUTH_VERSION, name.length, ...name, secret.length, ...secret]);
}

/** @param host - a name of at most 255 bytes, or a canonical literal */
export function formatRequest(host: string, port: number): Buffer {
  const address = isIP(host) === 0 ? undefined : addressBytes(host);
  const [type, bytes] =
    address === undefined
      ? [DOMAIN, [Buffer.byteLength(host), ...Buffer.from(host)]]
      : [address.length === 4 ? IPV4 : IPV6, address];
  return Buffer.from([VERSION, COMMAND_CONNECT, 0, type, ...bytes, port >> 8, port & 0xff]);
}

/** The method that the server has chosen. */
export function readMethod(bytes: Buffer): Read<number> {
  if (bytes.length > 0 && bytes[0] !== VERSION) return malformed('its first byte is not 5');
  const method = bytes[1];
  return method === undefined ? { kind: 'more' } : { kind: 'read', value: method, used: 2 };
}

/** Whether user and password are right. */
export function readPasswordResult(bytes: Buffer): Read<boolean> {
  // Some servers answer with the version of SOCKS.
  const status = bytes[1];
  return status === undefined ? { kind: 'more' } : { kind: 'read', value: status === 0, used: 2 };
}

/** The code of the reply, 0 for success. A failure is complete after four bytes: tailscaled before 1.72 sends no more. */
export function readReply(bytes: Buffer): Read<number> {
  if (bytes.length > 0 && bytes[0] !== VERSION) return malformed('its reply does not begin with 5');
  const [, code, , type] = bytes;
  if (code === undefined || type === undefined) return { kind: 'more' };
  if (code !== 0) return { kind: 'read', value: code, used: bytes.length };
  if (type !== IPV4 && type !== DOMAIN && type !== IPV6)
    return malformed(`its reply has address type ${type}`);
  const domain = bytes[HEAD_BYTES];
  const length =
    type === IPV4 ? 4 : type === IPV6 ? 16 : domain === undefined ? undefined : 1 + domain;
  if (length === undefined || bytes.length < HEAD_BYTES + length + 2) return { kind: 'more' };
  return { kind: 'read', value: code, used: HEAD_BYTES + length + 2 };
}

function malformed(detail: string, reply?: number): Extract<Read<never>, { kind: 'malformed' }> {
  return reply === undefined ? { kind: 'malformed', detail } : { kind: 'malformed', detail, reply };
}
