/** undici's handler that writes a response to our client as it comes. */
import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { endToEnd, pairs, responseFields } from '../http/headers.ts';
import { formatHead } from '../http/raw-answer.ts';
import { reset } from '../tunnel/close.ts';

export type RelayEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'error'; readonly error: Error };

type Controller = Dispatcher.DispatchController;

const COMPLETE: RelayEnd = { kind: 'complete' };
/** Made once: an error with its stack for each response would be one of the dearest parts of a request. */
const CUT: RelayEnd = { kind: 'error', error: new Error('aborted') };

export class ResponseRelay implements Dispatcher.DispatchHandler {
  /** Settles once; after 'complete' the response has been handed to the client's socket. */
  readonly ended: Promise<RelayEnd>;
  bytesUp = 0;
  bytesDown = 0;
  /** The final status, once it has been passed on. */
  status: number | undefined;
  /** A byte of a response has come. */
  sawResponse = false;
  readonly #response: ServerResponse;
  readonly #settle: (end: RelayEnd) => void;
  #controller: Controller | undefined;
  #isAborted = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    const { promise, resolve } = Promise.withResolvers<RelayEnd>();
    this.ended = promise;
    this.#settle = resolve;
  }

  /** The client is gone, or the bridge stops. */
  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(new Error('aborted'));
    this.#settle(CUT);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#isAborted) controller.abort(new Error('aborted'));
  }

  onResponseStarted(): void {
    this.sawResponse = true;
  }

  onResponseStart(
    controller: Controller,
    status: number,
    _headers: unknown,
    reason?: string,
  ): void {
    const raw = textOf(controller.rawHeaders);
    if (status < 200) {
      this.#inform(status, raw);
      return;
    }
    const response = this.#response;
    this.status = status;
    response.sendDate = false;
    response.writeHead(
      status,
      isPlain(reason) ? reason : (STATUS_CODES[status] ?? ''),
      responseFields(raw),
    );
    response.on('drain', () => {
      controller.resume();
    });
    // The head of a slow body must not wait for it; where the body is here already, they go as one.
    queueMicrotask(() => {
      if (this.bytesDown === 0 && !response.writableEnded && !response.destroyed) {
        response.flushHeaders();
      }
    });
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.bytesDown += chunk.length;
    if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(controller: Controller): void {
    const response = this.#response;
    const trailers = [...pairs(endToEnd(textOf(controller.rawTrailers)))];
    if (trailers.length > 0 && response.req.httpVersion === '1.1') response.addTrailers(trailers);
    // It closes after a whole response too, and is not heard then.
    response.once('close', () => {
      this.#settle(CUT);
    });
    response.end(() => {
      this.#settle(COMPLETE);
    });
  }

  /** A body that was cut must not look whole: without a length only a reset says so. */
  onResponseError(_controller: Controller | undefined, error: Error): void {
    const response = this.#response;
    if (this.status !== undefined && !response.writableEnded) {
      const { socket } = response;
      if (response.req.httpVersion === '1.1') response.destroy();
      else if (socket !== null) reset(socket);
    }
    this.#settle({ kind: 'error', error });
  }

  onBodySent(chunk: Buffer | string): void {
    this.bytesUp += chunk.length;
  }

  /** RFC 9110 15.2: passed on, but not to HTTP/1.0 and only where it is this response's turn. */
  #inform(status: number, raw: readonly string[]): void {
    const response = this.#response;
    const { socket } = response;
    if (response.req.httpVersion !== '1.1' || socket === null || response.headersSent) return;
    socket.write(formatHead(status, STATUS_CODES[status] ?? '', responseFields(raw)));
  }
}

/** undici gives HTTP/1 fields as bytes. */
function textOf(raw: Controller['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')));
}

function isPlain(reason: string | undefined): reason is string {
  return reason !== undefined && /^[\t\u0020-\u007E\u0080-\u00FF]*$/u.test(reason);
}
