/** The HTTP listener: sorts requests to their doors and answers what never becomes a request. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answer } from '../http/answer.ts';
import { keepAlive } from '../dial/connection.ts';
import { connectRequestOf, handleConnect } from './connect.ts';
import { failure } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import { handleForward } from './forward.ts';
import type { ForwardContext } from './forward.ts';
import { answerRaw } from '../http/raw-answer.ts';
import { sortConnections } from './sort-connections.ts';
import { handleUpgrade, isUpgrade } from './upgrade.ts';

export interface HttpServerOptions {
  readonly maxHeaderBytes: number;
  readonly headerTimeoutMs: number;
  /** Origin-form requests: health, metrics, the page for people. */
  readonly pages: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Longer than the 90 s of Go's client, so that an idle connection is closed by who knows whether it is needed. */
const KEEP_ALIVE_MS = 120_000;
const CHECK_EVERY_MS = 1000;
const BUFFER_BYTES = 64 * 1024;
/** Newer than the types: Node 24.9. Before it, every Upgrade comes to the upgrade door. */
const UPGRADE_OPTIONS: object = { shouldUpgradeCallback: isUpgrade };

export interface HttpListener {
  readonly server: Server;
  /** Closes the connections that have no request under way. */
  readonly closeIdle: () => void;
}

export function httpServer(context: ForwardContext, options: HttpServerOptions): HttpListener {
  const server = createServer({
    ...keepAlive,
    maxHeaderSize: options.maxHeaderBytes,
    headersTimeout: options.headerTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, options.headerTimeoutMs),
    // An upload may take as long as it takes.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    highWaterMark: BUFFER_BYTES,
    noDelay: true,
    insecureHTTPParser: false,
    // Checked by ourselves, to answer with Proxy-Status and a line in the log.
    requireHostHeader: false,
    ...UPGRADE_OPTIONS,
  });
  // Node drops fields beyond the 1,023rd without a word otherwise.
  server.maxHeadersCount = 0;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.startsWith('/') === true) void servePage(request, response, context, options);
    else void handleForward(request, response, context);
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const detail = `Expect: ${request.headers.expect ?? ''} is not served`;
    reject(
      request.socket,
      failure('expectation_unknown', detail, 'Leave Expect out.'),
      context,
      (failed) => {
        answer(response, failed);
      },
    );
  });
  server.on('connect', (request, socket, head) => {
    void handleConnect(connectRequestOf(request), socket as Socket, head, context);
  });
  server.on('upgrade', (request, socket, head) => {
    void handleUpgrade(request, socket as Socket, head, context);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    onClientError(error, socket as Socket, context);
  });
  const sorted = sortConnections(server, (head, socket, rest) => {
    void handleConnect(head, socket, rest, context);
  });
  return {
    server,
    closeIdle() {
      sorted.settle();
      server.closeIdleConnections();
    },
  };
}

async function servePage(
  request: IncomingMessage,
  response: ServerResponse,
  context: ForwardContext,
  { pages }: HttpServerOptions,
): Promise<void> {
  const inbound = await context.hall.options.guard(request.socket);
  if (inbound === undefined) {
    pages(request, response);
    return;
  }
  reject(request.socket, inbound, context, () => request.socket.destroy());
}

/** Bytes that are no request. */
function onClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
  context: ForwardContext,
): void {
  const failed = parserFailure(error);
  // A silent connection (a browser's, a port check) and a reset are no requests that went wrong.
  if (failed === undefined || socket.bytesRead === 0 || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const place = context.inFlight.spoil(socket, failed);
  if (place === 'a request') return;
  reject(socket, failed, context, () => {
    // An answer here could be read as part of the one that is under way.
    if (place === 'nothing') answerRaw(socket, failed);
  });
}

function parserFailure({ code = '', message }: NodeJS.ErrnoException): Failure | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return failure(
      'head_too_large',
      'the head of the request is larger than 64 KB',
      'Send fewer or shorter fields.',
    );
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return failure(
      'head_too_slow',
      'the head of the request did not come in time',
      'Send it at once.',
    );
  }
  if (!code.startsWith('HPE_')) return undefined;
  return failure(
    'malformed',
    `malformed request: ${message.replace(/^Parse Error: /u, '')}`,
    'Speak HTTP/1.1 to this port.',
  );
}

function reject(
  socket: Socket,
  failed: Failure,
  { hall }: ForwardContext,
  respond: (failed: Failure) => void,
): void {
  hall.refuse({ proto: 'http', method: '', socket }, failed);
  respond(failed);
}
