/** The bridge's own pages, asked for in origin-form: node:http serves them, one on a connection. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHead } from '../../http1/head.ts';
import { formatRequestHead } from '../../http1/write.ts';
import type { ClientConnection } from './client-connection.ts';

export type Pages = (request: IncomingMessage, response: ServerResponse) => void;

export interface PageServer {
  /** Takes the connection over, from this request on. */
  serve(head: RequestHead, client: ClientConnection): void;
  close(): void;
}

export function pageServer(pages: Pages, maxHeadBytes: number): PageServer {
  const server = createServer(
    // Checked by the pages themselves, which answer 421. The head has been read once and is a little longer now.
    { requireHostHeader: false, maxHeaderSize: 2 * maxHeadBytes },
    (request, response) => {
      // The connection may go on to absolute-form, which is none of this server's.
      response.shouldKeepAlive = false;
      pages(request, response);
    },
  );
  server.maxHeadersCount = 0;
  server.on('clientError', (_error, socket) => socket.destroy());
  return {
    serve({ method, target, fields, version }, { socket, reader }) {
      socket.unshift(
        Buffer.concat([formatRequestHead(method, target, fields, version), reader.detach()]),
      );
      server.emit('connection', socket);
      socket.resume();
    },
    close: () => server.closeAllConnections(),
  };
}
