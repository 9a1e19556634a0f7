/** One client on the HTTP listener: its requests one after the other, each to its handler. */
import type { RequestHead } from '../../http1/head.ts';
import { answerAndClose, endAndLinger } from '../http/answer-failure.ts';
import type { SocketReader } from '../http/socket-reader.ts';
import { ClientConnection } from './client-connection.ts';
import type { ConnectionLimits } from './client-connection.ts';
import { handleConnect } from './connect.ts';
import { handleForward } from './forward.ts';
import type { After, ForwardContext } from './forward.ts';
import type { PageServer } from './page-server.ts';

export interface HttpContext extends ForwardContext {
  readonly limits: ConnectionLimits;
  readonly pages: PageServer;
}

/** Resolves when the connection has ended or been handed on. */
export async function handleHttp(reader: SocketReader, context: HttpContext): Promise<void> {
  const { socket } = reader;
  const client = new ClientConnection(reader, context.limits);
  for (;;) {
    const next = await client.nextRequest();
    if (next.kind === 'over') {
      endAndLinger(socket);
      return;
    }
    if (next.kind === 'malformed') {
      context.exchanges.refuse({ proto: 'http', method: '', socket }, next.failure);
      answerAndClose(socket, next.failure);
      return;
    }
    if ((await handle(next.head, client, context)) === 'over') return;
  }
}

async function handle(
  head: RequestHead,
  client: ClientConnection,
  context: HttpContext,
): Promise<After> {
  if (head.method === 'CONNECT') await handleConnect(head, client, context);
  else if (head.target.startsWith('/')) await servePage(head, client, context);
  else return handleForward(head, client, context);
  return 'over';
}

async function servePage(
  head: RequestHead,
  client: ClientConnection,
  { exchanges, pages }: HttpContext,
): Promise<void> {
  const { socket } = client;
  const inbound = await exchanges.options.guard(socket);
  if (inbound === undefined) {
    pages.serve(head, client);
    return;
  }
  exchanges.refuse({ proto: 'http', method: head.method, socket }, inbound);
  socket.destroy();
}
