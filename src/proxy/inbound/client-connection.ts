/** A client's connection to the HTTP listener: its requests one after the other, each within its limits. */
import type { Socket } from 'node:net';
import { BodyReader } from '../../http1/body.ts';
import type { Framing } from '../../http1/framing.ts';
import { requestReader } from '../../http1/head.ts';
import type { RequestHead } from '../../http1/head.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import { SocketReader } from '../http/socket-reader.ts';

export interface ConnectionLimits {
  readonly maxHeadBytes: number;
  /** For a head, from its first byte; for the first head, from the connection. */
  readonly headTimeoutMs: number;
  /** Between two requests. */
  readonly idleTimeoutMs: number;
}

export type NextRequest =
  | { readonly kind: 'request'; readonly head: RequestHead }
  | { readonly kind: 'malformed'; readonly failure: Failure }
  /** It ended, or said nothing in time. */
  | { readonly kind: 'over' };

export class ClientConnection {
  readonly socket: Socket;
  readonly reader: SocketReader;
  readonly #limits: ConnectionLimits;
  #isFirst = true;
  /** The content of the request under way. */
  #body: BodyReader | undefined;

  constructor(reader: SocketReader, limits: ConnectionLimits) {
    this.socket = reader.socket;
    this.reader = reader;
    this.#limits = limits;
  }

  /** The content of the request whose head was read last. */
  bodyOf(framing: Framing): BodyReader {
    return (this.#body = new BodyReader(framing, true));
  }

  /** The next request, behind what is left of the one before. */
  async nextRequest(): Promise<NextRequest> {
    if (!(await this.#skipBody())) return { kind: 'over' };
    const { reader } = this;
    const { maxHeadBytes, headTimeoutMs, idleTimeoutMs } = this.#limits;
    const section = requestReader(maxHeadBytes);
    let isLate = false;
    const onLate = (): void => {
      isLate = true;
      reader.interrupt();
    };
    let timer: NodeJS.Timeout | undefined;
    if (!reader.hasBytes) timer = setTimeout(onLate, this.#isFirst ? headTimeoutMs : idleTimeoutMs);
    let isIdle = !this.#isFirst;
    this.#isFirst = false;
    try {
      for (;;) {
        const piece = await reader.next();
        if (piece === undefined) {
          if (!section.hasBegun || this.socket.destroyed) return { kind: 'over' };
          const cut = malformed('it ends before its head does');
          return { kind: 'malformed', failure: isLate ? tooSlow() : cut };
        }
        const read = section.push(piece);
        if (read.kind === 'whole') {
          reader.putBack(read.rest);
          return { kind: 'request', head: { ...read.start, fields: read.fields } };
        }
        if (read.kind === 'malformed')
          return { kind: 'malformed', failure: malformed(read.detail) };
        if (read.kind === 'too_large') return { kind: 'malformed', failure: tooLarge() };
        if (isIdle || timer === undefined) {
          isIdle = false;
          clearTimeout(timer);
          timer = setTimeout(onLate, headTimeoutMs);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads over what is left of a request that was answered before its end; `false` where that cannot be told. */
  async #skipBody(): Promise<boolean> {
    const body = this.#body;
    this.#body = undefined;
    for (;;) {
      if (body === undefined || body.state === 'whole') return true;
      const piece = body.state === 'more' ? await this.reader.next() : undefined;
      if (piece === undefined) return false;
      this.reader.putBack(piece.subarray(body.push(piece, () => {})));
    }
  }
}

function malformed(detail: string): Failure {
  return failure('malformed', `malformed request: ${detail}`, 'Speak HTTP/1.1 to this port.');
}

function tooLarge(): Failure {
  const detail = 'the head of the request is larger than 64 KB';
  return failure('head_too_large', detail, 'Send fewer or shorter fields.');
}

function tooSlow(): Failure {
  const detail = 'the head of the request did not come in time';
  return failure('head_too_slow', detail, 'Send it at once.');
}
