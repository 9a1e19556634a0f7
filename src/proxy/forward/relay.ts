/**
 * One request over one connection to an origin: its head and content up, the answer down, at the pace of the slower
 * side. Up and down run side by side, since an answer may come before the request has ended.
 */
import type { BodyReader } from '../../http1/body.ts';
import type { Framing, FramingRead } from '../../http1/framing.ts';
import { responseFraming } from '../../http1/framing.ts';
import { BodyReader as AnswerBody } from '../../http1/body.ts';
import { responseReader } from '../../http1/head.ts';
import type { RequestHead, ResponseHead } from '../../http1/head.ts';
import { valuesOf } from '../../http1/fields.ts';
import {
  formatChunk,
  formatLastChunk,
  formatRequestHead,
  formatResponseHead,
} from '../../http1/write.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';
import {
  endToEnd,
  letsGoOn,
  requestFields,
  responseFields,
  trailerFields,
} from '../http/fields.ts';
import { drained } from '../http/socket-reader.ts';
import type { SocketReader } from '../http/socket-reader.ts';
import { reset } from '../tunnel/close.ts';
import { cutShort, headTooLarge, unanswered, unreadable } from './origin-failure.ts';
import { bindsConnection, keepsAlive } from './origin.ts';
import type { Origin } from './origin.ts';

export interface Relayed {
  readonly head: RequestHead;
  /** For the next hop. */
  readonly target: string;
  /** The Host field for the next hop. */
  readonly host: string;
  readonly framing: Framing;
  readonly body: BodyReader;
  readonly client: SocketReader;
  readonly upgrade: string | undefined;
  readonly plan: Plan;
  /** A status of the upstream proxy's own: not an answer for the client. */
  readonly refusedBy?: ((status: number) => Failure | undefined) | undefined;
  /** Aborts when the client is gone or the bridge stops. */
  readonly signal: AbortSignal;
}

export type RelayEnd =
  /** The whole answer has been handed on. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly mayGoOn: boolean;
      readonly mayReuse: boolean;
    }
  /** 101 has been handed on, and the request has been sent whole. */
  | { readonly kind: 'switched' }
  /** The reused connection was closed before a byte of the answer, and the request may be sent again (RFC 9110 9.2.2). */
  | { readonly kind: 'stale' }
  /** `status` is what the client had been answered before. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly status: number | undefined }
  /** The signal has aborted. */
  | { readonly kind: 'aborted'; readonly status: number | undefined };

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const MOST_INFORMATIONAL = 20;
const SWITCHING = 101;
const CONTINUE = 100;

export class Relay {
  bytesUp = 0;
  bytesDown = 0;
  readonly #relayed: Relayed;
  readonly #origin: Origin;
  /** Of the answer, once its head has gone on. */
  #status: number | undefined;
  #clientProblem: Failure | undefined;
  #isContinued = false;
  /** A byte of the client's content has been taken. */
  #hasSent = false;
  #isStopped = false;

  constructor(relayed: Relayed, origin: Origin) {
    this.#relayed = relayed;
    this.#origin = origin;
  }

  /** Never rejects. */
  async run(): Promise<RelayEnd> {
    const { signal, client, body } = this.#relayed;
    // Nobody is left to answer: the origin need not go on.
    const onAbort = (): void => reset(this.#origin.socket);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const sent = this.#sendRequest();
    const end = await this.#relayAnswer(sent);
    this.#isStopped = true;
    // An origin that has answered need not take the rest.
    if (body.state === 'more') this.#origin.close();
    client.interrupt();
    await sent;
    signal.removeEventListener('abort', onAbort);
    if (end.kind === 'answered' || end.kind === 'switched') return end;
    if (signal.aborted) return { kind: 'aborted', status: this.#status };
    if (this.#clientProblem !== undefined) {
      return { kind: 'failed', failure: this.#clientProblem, status: this.#status };
    }
    return end;
  }

  /** Sends head and content. The origin is closed where the client does not send it whole. */
  async #sendRequest(): Promise<void> {
    const { head, target, host, framing, body, client, upgrade, signal } = this.#relayed;
    const to = this.#origin.socket;
    const isChunked = framing.kind === 'chunked';
    const fields = requestFields(head.fields, {
      host,
      isChunked,
      upgrade,
      keepsExpect: head.version === '1.1',
    });
    const authorization = this.#origin.absoluteForm?.authorization;
    if (authorization !== undefined) fields.push('Proxy-Authorization', authorization);
    if (bindsConnection(head.fields)) this.#origin.owner = client.socket;
    to.cork();
    to.write(formatRequestHead(head.method, target, fields));
    if (body.state === 'more' && client.hasBytes) await this.#sendContent(isChunked, true);
    to.uncork();
    if (body.state === 'more') await this.#sendContent(isChunked, false);
    if (body.state === 'whole' && isChunked)
      to.write(formatLastChunk(trailerFields(body.trailers)));
    if (body.state === 'malformed') {
      const detail = `malformed request: ${body.problem}`;
      this.#clientProblem = failure('malformed', detail, 'Send whole chunks.');
      this.#origin.close();
    } else if (body.state === 'more' && !this.#isStopped && !signal.aborted && client.sawEnd) {
      const detail = 'the client ended its connection in the middle of its request';
      this.#clientProblem = failure('client_gone', detail, 'Raise the time limit of the client.');
      this.#origin.close();
    }
  }

  /** @param onlyWaiting - what has come already, and no wait */
  async #sendContent(isChunked: boolean, onlyWaiting: boolean): Promise<void> {
    const { body, client } = this.#relayed;
    const to = this.#origin.socket;
    const take = (content: Buffer): void => {
      this.bytesUp += content.length;
      if (!isChunked) to.write(content);
      else for (const part of formatChunk(content)) to.write(part);
    };
    while (body.state === 'more' && !this.#isStopped && !to.destroyed) {
      const piece = client.take() ?? (onlyWaiting ? undefined : await client.next());
      if (piece === undefined) break;
      this.#hasSent = true;
      client.putBack(piece.subarray(body.push(piece, take)));
      if (onlyWaiting) continue;
      if (to.writableNeedDrain) await drained(to);
    }
  }

  async #relayAnswer(sent: Promise<void>): Promise<RelayEnd> {
    const { head: request, client, upgrade, plan } = this.#relayed;
    for (let informational = 0; ;) {
      const read = await this.#readHead();
      if (read.kind !== 'head') return read;
      const { head } = read;
      if (bindsConnection(head.fields)) this.#origin.owner = client.socket;
      const framing = responseFraming(head, request.method);
      if (framing.kind === 'ambiguous') return this.#failed(unreadable(plan, framing.detail));
      if (head.status === SWITCHING) {
        if (upgrade === undefined) {
          return this.#failed(unreadable(plan, '101 to a request that did not ask for it'));
        }
        this.#status = SWITCHING;
        const protocols = valuesOf(head.fields, 'upgrade').join(', ') || upgrade;
        const fields = [...endToEnd(head.fields), 'Connection', 'Upgrade', 'Upgrade', protocols];
        client.socket.write(formatResponseHead(head.status, head.reason, fields));
        await sent;
        const isWhole = this.#relayed.body.state === 'whole' && !this.#origin.socket.destroyed;
        return isWhole ? { kind: 'switched' } : this.#failed(cutShort(plan, undefined));
      }
      const refused = this.#origin.absoluteForm && this.#relayed.refusedBy?.(head.status);
      if (refused !== undefined) return this.#failed(refused);
      if (head.status >= 200) return this.#relayFinal(head, framing);
      informational += 1;
      if (informational > MOST_INFORMATIONAL) {
        const problem = `more than ${MOST_INFORMATIONAL} informational answers`;
        return this.#failed(unreadable(plan, problem));
      }
      await this.#inform(head);
    }
  }

  /** RFC 9110 15.2: handed on, but never to HTTP/1.0. */
  async #inform({ status, reason, fields }: ResponseHead): Promise<void> {
    const { head, client } = this.#relayed;
    if (status === CONTINUE) this.#isContinued = true;
    if (head.version !== '1.1') return;
    // Clients read over a 100 and look at nothing in it.
    const kept = status === CONTINUE ? endToEnd(fields) : responseFields(fields);
    client.socket.write(formatResponseHead(status, reason, kept));
    await drained(client.socket);
  }

  async #readHead(): Promise<{ kind: 'head'; head: ResponseHead } | RelayEnd> {
    const { plan } = this.#relayed;
    const { reader } = this.#origin;
    const section = responseReader();
    for (;;) {
      const piece = await reader.next();
      if (piece === undefined) {
        if (section.hasBegun) return this.#failed(unreadable(plan, 'it ends before its head does'));
        return this.#mayRepeat() ? { kind: 'stale' } : this.#failed(unanswered(plan));
      }
      this.#origin.isReused = false;
      const read = section.push(piece);
      if (read.kind === 'malformed') return this.#failed(unreadable(plan, read.detail));
      if (read.kind === 'too_large') return this.#failed(headTooLarge(plan));
      if (read.kind === 'more') continue;
      reader.putBack(read.rest);
      return { kind: 'head', head: { ...read.start, fields: read.fields } };
    }
  }

  /** `isReused` stands until the first byte of the answer. */
  #mayRepeat(): boolean {
    const { head, framing } = this.#relayed;
    const isWithoutContent = framing.kind === 'none' && !this.#hasSent;
    return this.#origin.isReused && isWithoutContent && IDEMPOTENT.has(head.method);
  }

  async #relayFinal(head: ResponseHead, framing: FramingRead): Promise<RelayEnd> {
    const { head: request, client, body, plan } = this.#relayed;
    const { socket } = client;
    const { reader } = this.#origin;
    // To HTTP/1.1 every answer has an end of its own; HTTP/1.0 knows no chunks.
    const isChunked =
      request.version === '1.1' && (framing.kind === 'chunked' || framing.kind === 'close');
    const isWaiting =
      !this.#isContinued && !this.#hasSent && body.state === 'more' && expectsContinue(request);
    const mayGoOn = letsGoOn(request) && !isWaiting;
    const fields = responseFields(head.fields, isChunked);
    if (isChunked && framing.kind === 'close') fields.push('Transfer-Encoding', 'chunked');
    if (!mayGoOn) fields.push('Connection', 'close');
    this.#status = head.status;
    socket.cork();
    socket.write(formatResponseHead(head.status, head.reason, fields));
    const answer = new AnswerBody(framing as Framing, false);
    const take = (content: Buffer): void => {
      this.bytesDown += content.length;
      if (!isChunked) socket.write(content);
      else for (const part of formatChunk(content)) socket.write(part);
    };
    let isCorked = true;
    while (answer.state === 'more' && !socket.destroyed) {
      let piece = reader.take();
      if (piece === undefined) {
        // The head of a slow body does not wait for it.
        if (isCorked) socket.uncork();
        isCorked = false;
        await drained(socket);
        piece = await reader.next();
      }
      if (piece === undefined) {
        // Its own FIN, not our closing it.
        if (this.#origin.socket.readableEnded && answer.end() === 'whole') break;
        return this.#failed(cutShort(plan, undefined));
      }
      reader.putBack(piece.subarray(answer.push(piece, take)));
      if (socket.writableNeedDrain) {
        if (isCorked) socket.uncork();
        isCorked = false;
        await drained(socket);
      }
    }
    if (answer.state === 'whole' && isChunked) {
      socket.write(formatLastChunk(trailerFields(answer.trailers)));
    }
    if (isCorked) socket.uncork();
    if (answer.state === 'malformed') return this.#failed(cutShort(plan, answer.problem));
    if (socket.destroyed) return this.#failed(unanswered(plan));
    const mayReuse =
      framing.kind !== 'close' && body.state === 'whole' && keepsAlive(head.fields, head.version);
    return { kind: 'answered', status: head.status, mayGoOn, mayReuse };
  }

  #failed(failed: Failure): RelayEnd {
    return { kind: 'failed', failure: failed, status: this.#status };
  }
}

function expectsContinue({ fields, version }: RequestHead): boolean {
  return version === '1.1' && valuesOf(fields, 'expect').length > 0;
}
