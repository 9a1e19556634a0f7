/** SOCKS5 as a client speaks it: to tailscaled, and to an upstream proxy. RFC 1928, RFC 1929. */
import * as wire from '../core/socks5.ts';
import type { Connection } from './connection.ts';
import { discard } from './connection.ts';
import { handshake } from './handshake.ts';
import type { HandshakeOptions, HandshakeResult } from './handshake.ts';

export interface SocksTarget {
  /** A name of at most 255 bytes, or a canonical literal. */
  readonly host: string;
  readonly port: number;
}

/**
 * The question and its answer without authentication. Greeting and request go in one write: the server reads exact
 * sizes, so the answer to the greeting need not be waited for (12 to 18 % of the set-up time).
 */
export function socksQuestion({ host, port }: SocksTarget): Buffer {
  return Buffer.concat([wire.formatGreeting([wire.METHOD_NONE]), wire.formatRequest(host, port)]);
}

/** Reads both answers; the value is the reply, 0 for success. */
export function readSocksAnswer(bytes: Buffer): wire.Read<number> {
  const method = wire.readMethod(bytes);
  if (method.kind !== 'read') return method;
  if (method.value !== wire.METHOD_NONE)
    return { kind: 'malformed', detail: 'it asks for authentication' };
  const reply = wire.readReply(bytes.subarray(method.used));
  return reply.kind === 'read' ? { ...reply, used: method.used + reply.used } : reply;
}

/** Asks the SOCKS server at the other end for a connection; the answer is its reply. It is closed unless that is 0. */
export async function socksConnect(
  connection: Connection,
  target: SocksTarget,
  options: HandshakeOptions,
): Promise<HandshakeResult<number>> {
  const result = await handshake(connection, socksQuestion(target), readSocksAnswer, options);
  if (result.kind === 'answer' && result.answer !== 0) discard(connection);
  return result;
}

/** As `socksConnect`, to a server that may ask for user and password: each answer is waited for. */
export async function socksConnectWith(
  connection: Connection,
  target: SocksTarget,
  login: { readonly user: string; readonly password: string } | undefined,
  options: HandshakeOptions,
): Promise<HandshakeResult<number>> {
  const methods =
    login === undefined ? [wire.METHOD_NONE] : [wire.METHOD_NONE, wire.METHOD_PASSWORD];
  const greeting = wire.formatGreeting(methods);
  const method = await handshake(connection, greeting, wire.readMethod, options);
  if (method.kind !== 'answer') return method;
  if (!methods.includes(method.answer)) {
    return refuse(connection, 'it takes no user and password that it was given');
  }
  if (method.answer === wire.METHOD_PASSWORD && login !== undefined) {
    const password = wire.formatPassword(login.user, login.password);
    const right = await handshake(connection, password, wire.readPasswordResult, options);
    if (right.kind !== 'answer') return right;
    if (!right.answer) return refuse(connection, 'it refuses user and password');
  }
  const request = wire.formatRequest(target.host, target.port);
  const result = await handshake(connection, request, wire.readReply, options);
  if (result.kind === 'answer' && result.answer !== 0) discard(connection);
  return result;
}

function refuse(connection: Connection, detail: string): HandshakeResult<number> {
  discard(connection);
  return { kind: 'malformed', detail };
}
