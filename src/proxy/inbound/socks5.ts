/** SOCKS5 (RFC 1928): CONNECT with IPv4, IPv6 or a name; no authentication, or a token as password. */
import { parseAuthority } from '../core/authority.ts';
import type { ParsedAuthority } from '../core/authority.ts';
import type { Failure } from '../core/failure.ts';
import { failure, socksReplyOf } from '../core/failure.ts';
import * as wire from '../core/socks5.ts';
import { endAndLinger } from '../http/answer-failure.ts';
import type { SocketReader } from '../http/socket-reader.ts';
import type { HandlerContext } from './handler.ts';
import { openTunnel } from './open-tunnel.ts';
import { admit, silent } from './preamble.ts';

type Unread =
  | typeof silent
  /** The deadline passed in the middle of something. */
  | 'slow'
  | Extract<wire.Read<never>, { kind: 'malformed' }>;

export async function handleSocks(reader: SocketReader, context: HandlerContext): Promise<void> {
  const { socket } = reader;
  const { token, exchanges } = context;
  const handshake = new Handshake(reader, context.headTimeoutMs);
  /** What to answer before the connection is closed, if anything. */
  let bytes: Buffer | undefined;
  const unread = (read: Unread): Failure | typeof silent => {
    if (read === silent) return silent;
    if (read === 'slow') {
      const detail = 'the SOCKS5 handshake took too long';
      return failure('head_too_slow', detail, 'Send it at once.');
    }
    bytes = read.reply === undefined ? undefined : wire.formatReply(read.reply);
    const hint = 'Speak SOCKS5 to this port, HTTP to the other.';
    return failure('malformed', `malformed SOCKS5 handshake: ${read.detail}`, hint);
  };
  const greeting = await handshake.next(wire.readGreeting);
  const authenticate = async (): Promise<Failure | typeof silent | undefined> => {
    if (!isRead(greeting)) return unread(greeting);
    const method = token.isRequired ? wire.METHOD_PASSWORD : wire.METHOD_NONE;
    if (!greeting.value.includes(method)) {
      bytes = wire.formatMethod(wire.METHOD_UNACCEPTABLE);
      if (token.isRequired) return noToken('no token');
      const detail = 'the client offers no way without authentication';
      return failure('malformed', detail, 'Offer method 0.');
    }
    socket.write(wire.formatMethod(method));
    if (!token.isRequired) return undefined;
    const password = await handshake.next(wire.readPassword);
    if (!isRead(password)) return unread(password);
    const isRight = token.isRight(password.value);
    bytes = wire.formatPasswordResult(false);
    if (!isRight) return noToken('a wrong token');
    bytes = undefined;
    socket.write(wire.formatPasswordResult(true));
    return undefined;
  };
  const readTarget = async (): Promise<ParsedAuthority | Failure | typeof silent> => {
    const request = await handshake.next(wire.readRequest);
    if (!isRead(request)) return unread(request);
    const parsed = targetFrom(request.value, exchanges.hasTailnets);
    if (parsed.kind === 'malformed') bytes = wire.formatReply(MALFORMED_REPLY);
    return parsed;
  };
  const admission = await admit(
    {
      socket,
      proto: 'socks5',
      method: 'CONNECT',
      tokenProblem: authenticate,
      framingProblem: () => undefined,
      target: readTarget,
      hint: 'Send a host name or an address.',
    },
    context,
  );
  handshake.end();
  if (admission.kind === 'refused') endAndLinger(socket, bytes);
  if (admission.kind !== 'admitted') return;
  const established = wire.formatReply(0);
  const refuse = (failed: Failure): void =>
    endAndLinger(socket, wire.formatReply(socksReplyOf(failed)));
  await openTunnel({ exchange: admission.exchange, reader, established, refuse }, context);
}

const MALFORMED_REPLY = socksReplyOf({ kind: 'malformed', detail: '', hint: '' });

/** Messages one after the other, with one deadline for all of them. */
class Handshake {
  readonly #reader: SocketReader;
  readonly #timer: NodeJS.Timeout;
  #isLate = false;

  constructor(reader: SocketReader, timeoutMs: number) {
    this.#reader = reader;
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      reader.interrupt();
    }, timeoutMs);
  }

  async next<Value>(
    read: (bytes: Buffer) => wire.Read<Value>,
  ): Promise<Extract<wire.Read<Value>, { kind: 'read' }> | Unread> {
    let bytes = Buffer.alloc(0);
    for (;;) {
      const piece = this.#isLate ? undefined : await this.#reader.next();
      if (piece === undefined) {
        const isSlow = this.#isLate && this.#reader.socket.bytesRead > 0;
        return isSlow && !this.#reader.sawEnd ? 'slow' : silent;
      }
      bytes = Buffer.concat([bytes, piece]);
      const result = read(bytes);
      if (result.kind === 'more') continue;
      if (result.kind === 'malformed') return result;
      this.#reader.putBack(bytes.subarray(result.used));
      return result;
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function isRead<Value>(
  read: Extract<wire.Read<Value>, { kind: 'read' }> | Unread,
): read is Extract<wire.Read<Value>, { kind: 'read' }> {
  return typeof read === 'object' && read.kind === 'read';
}

/** The same rules for a host as with HTTP. */
function targetFrom({ host, port }: wire.SocksTarget, namesTailnet: boolean): ParsedAuthority {
  // `partner!fd7a::1`: the brackets are the address's.
  const [, prefix = '', bare = host] = (namesTailnet && /^(\w+!)(.*)$/su.exec(host)) || [];
  const bracketed = bare.includes(':') ? `[${bare}]` : bare;
  return parseAuthority(`${prefix}${bracketed}:${port}`, namesTailnet);
}

function noToken(said: string): Failure {
  return failure(
    'token_wrong',
    `the client carries ${said}`,
    'Use the proxy address that `spacetail env` prints: it has the token in it.',
  );
}
