/** The CONNECT door: a tunnel to the authority of the request (RFC 9110 9.3.6). */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { parseAuthority } from '../core/authority.ts';
import type { DoorContext } from './door.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import { valuesOf } from '../http/headers.ts';
import { answerRaw } from '../http/raw-answer.ts';
import { openTunnel } from './open-tunnel.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** A CONNECT request, by whichever parser. */
export interface ConnectRequest {
  readonly target: string;
  readonly proxyAuthorization: string | undefined;
  /** Why it cannot be taken for what it says, if so. */
  readonly ambiguity?: string | undefined;
}

/** What node:http has read. */
export function connectRequestOf(request: IncomingMessage): ConnectRequest {
  return {
    target: request.url ?? '',
    proxyAuthorization: request.headers['proxy-authorization'],
    ambiguity: ambiguityOf(request),
  };
}

/** `head` are bytes of the tunnel that came with the request. */
export async function handleConnect(
  { target, proxyAuthorization, ambiguity }: ConnectRequest,
  socket: Socket,
  head: Buffer,
  context: DoorContext,
): Promise<void> {
  const parsed = parseAuthority(target, context.hall.hasTailnets);
  const authority = parsed.kind === 'authority' ? parsed.authority : undefined;
  const exchange = context.hall.begin({ proto: 'connect', method: 'CONNECT', authority, socket });
  const onClose = (): void => {
    exchange.abandon();
  };
  socket.on('error', () => {}).on('close', onClose);
  const guarded = context.hall.options.guard(socket);
  const inbound = guarded === undefined ? undefined : await guarded;
  if (inbound !== undefined) {
    exchange.refuse(inbound);
    socket.destroy();
    return;
  }
  const malformed = parsed.kind === 'malformed' ? parsed.detail : ambiguity;
  if (malformed !== undefined) {
    refuse(
      exchange,
      failure('malformed', `malformed CONNECT: ${malformed}`, 'Send CONNECT host:port.'),
    );
    return;
  }
  const denied = context.token.refusalOf(proxyAuthorization);
  if (denied !== undefined) {
    refuse(exchange, denied);
    return;
  }
  await openTunnel({ exchange, head, onClose, established: ESTABLISHED, refuse }, context);
}

/** A CONNECT has no content (RFC 9110 9.3.6): what follows the head is the tunnel's, so no length may say otherwise. */
function ambiguityOf({ rawHeaders }: IncomingMessage): string | undefined {
  if (valuesOf(rawHeaders, 'transfer-encoding').length > 0) return 'it has a Transfer-Encoding';
  if (valuesOf(rawHeaders, 'content-length').some((value) => value !== '0')) {
    return 'it has a Content-Length';
  }
  if (valuesOf(rawHeaders, 'host').length > 1) return 'more than one Host field';
  return undefined;
}

function refuse(exchange: Exchange, failed: Failure): void {
  answerRaw(exchange.request.socket, failed);
  exchange.refuse(failed);
}
