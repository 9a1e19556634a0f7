/** Asks an origin to switch protocols, on a connection that is dialled already. */
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { formatAuthority } from '../core/authority.ts';
import { clientGone } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';
import type { Failure } from '../core/failure.ts';
import { requestFields, valuesOf } from '../http/headers.ts';
import type { Connection } from '../dial/connection.ts';
import { originFailure } from './origin-failure.ts';
import { reset } from '../tunnel/close.ts';

export type UpgradeAnswer =
  | { readonly kind: 'switched'; readonly response: IncomingMessage; readonly head: Buffer }
  | { readonly kind: 'declined'; readonly response: IncomingMessage }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Never rejects. */
export async function askUpgrade(
  request: IncomingMessage,
  path: string,
  plan: Plan,
  line: Connection,
  signal: AbortSignal,
): Promise<UpgradeAnswer> {
  const { promise, resolve } = Promise.withResolvers<UpgradeAnswer>();
  const outgoing: ClientRequest = httpRequest({
    method: request.method,
    path,
    headers: upgradeFields(request, plan),
    createConnection: () => line.socket,
    setDefaultHeaders: false,
  });
  const onAbort = (): void => {
    // Nobody is left to answer: the origin need not go on.
    reset(line.socket);
    outgoing.destroy();
    resolve({ kind: 'failed', failure: clientGone() });
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  outgoing
    // A handshake before this one has left it paused, and node's client only reads what flows.
    .on('socket', (socket) => socket.resume())
    .on('upgrade', (response, _socket, head) => {
      resolve({ kind: 'switched', response, head });
    })
    .on('response', (response) => {
      resolve({ kind: 'declined', response });
    })
    .on('error', (error) => {
      resolve({ kind: 'failed', failure: originFailure(error, plan, undefined) });
    })
    .end();
  const answered = await promise;
  signal.removeEventListener('abort', onAbort);
  return answered;
}

/** Upgrade and Connection belong to one hop, and this hop wants the same (RFC 9110 7.8). */
function upgradeFields(request: IncomingMessage, { host, port }: Plan): string[] {
  const authority = formatAuthority(host, port);
  const fields = requestFields(
    request.rawHeaders,
    port === 80 ? authority.slice(0, -3) : authority,
  );
  const protocols = valuesOf(request.rawHeaders, 'upgrade').join(', ');
  return [...fields, 'Connection', 'Upgrade', 'Upgrade', protocols];
}
