/** The SOCKS5 door (RFC 1928): CONNECT with IPv4, IPv6 or a name; no authentication, or a token as password. */
import type { Socket } from 'node:net';
import { parseAuthority } from '../core/authority.ts';
import type { Authority } from '../core/authority.ts';
import type { DoorContext } from './door.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from '../core/failure.ts';
import { failure, socksReplyOf } from '../core/failure.ts';
import { endAndLinger } from '../http/raw-answer.ts';
import { socketReader } from './socks5-reader.ts';
import type { SocketReader } from './socks5-reader.ts';
import * as wire from '../core/socks5.ts';
import { openTunnel } from './open-tunnel.ts';

/** `handshakeTimeoutMs` from the connection to the whole request. */
export interface SocksContext extends DoorContext {
  readonly handshakeTimeoutMs: number;
}

type Asked =
  | { readonly kind: 'target'; readonly authority: Authority }
  /** `bytes`: what to answer before the connection is closed, if anything. */
  | { readonly kind: 'refused'; readonly failure: Failure; readonly bytes: Buffer | undefined }
  /** Went away or said nothing. */
  | { readonly kind: 'silent' };

export async function handleSocks(socket: Socket, context: SocksContext): Promise<void> {
  const { hall } = context;
  socket.on('error', () => {});
  const inbound = await hall.options.guard(socket);
  if (inbound !== undefined) {
    hall.refuse({ proto: 'socks5', method: 'CONNECT', socket }, inbound);
    socket.destroy();
    return;
  }
  const reader = socketReader(socket, context.handshakeTimeoutMs);
  const asked = await readTarget(reader, socket, context);
  const head = reader.release();
  if (asked.kind === 'silent') {
    socket.destroy();
    return;
  }
  const authority = asked.kind === 'target' ? asked.authority : undefined;
  const exchange = hall.begin({ proto: 'socks5', method: 'CONNECT', authority, socket });
  if (asked.kind === 'refused') {
    endAndLinger(socket, asked.bytes);
    exchange.refuse(asked.failure);
    return;
  }
  await serve(exchange, head, context);
}

async function serve(exchange: Exchange, head: Buffer, context: SocksContext): Promise<void> {
  const { socket } = exchange.request;
  const onClose = (): void => {
    exchange.abandon();
  };
  socket.on('close', onClose);
  const established = wire.formatReply(0);
  await openTunnel({ exchange, head, onClose, established, refuse }, context);
}

async function readTarget(
  reader: SocketReader,
  socket: Socket,
  { token, hall }: SocksContext,
): Promise<Asked> {
  const greeting = await reader.next(wire.readGreeting);
  if (greeting.kind !== 'read') return unread(greeting);
  const method = token.isRequired ? wire.METHOD_PASSWORD : wire.METHOD_NONE;
  if (!greeting.value.includes(method)) {
    const bytes = wire.formatMethod(wire.METHOD_UNACCEPTABLE);
    if (token.isRequired) return { kind: 'refused', failure: noToken('no token'), bytes };
    const detail = 'the client offers no way without authentication';
    return { kind: 'refused', failure: failure('malformed', detail, 'Offer method 0.'), bytes };
  }
  socket.write(wire.formatMethod(method));
  if (token.isRequired) {
    const password = await reader.next(wire.readPassword);
    if (password.kind !== 'read') return unread(password);
    const isRight = token.isRight(password.value);
    if (!isRight) {
      const bytes = wire.formatPasswordResult(false);
      return { kind: 'refused', failure: noToken('a wrong token'), bytes };
    }
    socket.write(wire.formatPasswordResult(true));
  }
  const request = await reader.next(wire.readRequest);
  if (request.kind !== 'read') return unread(request);
  return targetFrom(request.value, hall.hasTailnets);
}

/** The same rules for a host as at the other doors. */
function targetFrom({ host, port }: wire.SocksTarget, namesTailnet: boolean): Asked {
  // `partner!fd7a::1`: the brackets are the address's.
  const [, prefix = '', bare = host] = (namesTailnet && /^(\w+!)(.*)$/su.exec(host)) || [];
  const bracketed = bare.includes(':') ? `[${bare}]` : bare;
  const parsed = parseAuthority(`${prefix}${bracketed}:${port}`, namesTailnet);
  if (parsed.kind === 'authority') return { kind: 'target', authority: parsed.authority };
  const failed = failure(
    'malformed',
    `malformed SOCKS5 request: ${parsed.detail}`,
    'Send a host name or an address.',
  );
  return { kind: 'refused', failure: failed, bytes: wire.formatReply(socksReplyOf(failed)) };
}

function unread(
  read: { kind: 'silent' } | Extract<wire.Read<never>, { kind: 'malformed' }> | { kind: 'slow' },
): Asked {
  if (read.kind === 'silent') return { kind: 'silent' };
  if (read.kind === 'slow') {
    const failed = failure(
      'head_too_slow',
      'the SOCKS5 handshake took too long',
      'Send it at once.',
    );
    return { kind: 'refused', failure: failed, bytes: undefined };
  }
  const failed = failure(
    'malformed',
    `malformed SOCKS5 handshake: ${read.detail}`,
    'Speak SOCKS5 to this port, HTTP to the other.',
  );
  const bytes = read.reply === undefined ? undefined : wire.formatReply(read.reply);
  return { kind: 'refused', failure: failed, bytes };
}

function noToken(said: string): Failure {
  return failure(
    'token_wrong',
    `the client carries ${said}`,
    'Use the proxy address that `spacetail env` prints: it has the token in it.',
  );
}

function refuse(exchange: Exchange, failed: Failure): void {
  endAndLinger(exchange.request.socket, wire.formatReply(socksReplyOf(failed)));
  exchange.refuse(failed);
}
