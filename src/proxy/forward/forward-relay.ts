/** One request over one connection to an origin: fields both ways, bodies, informational responses, trailers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { formatAuthority, hostForLog } from '../core/authority.ts';
import { clientGone } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';
import type { Exchange } from '../request/exchange.ts';
import type { Failure } from '../core/failure.ts';
import { requestFields, valuesOf } from '../http/headers.ts';
import type { Origin } from './origin-pool.ts';
import { originFailure } from './origin-failure.ts';
import { ResponseRelay } from './response-relay.ts';

export interface Relayed {
  readonly exchange: Exchange;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly plan: Plan;
}

interface Counted {
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export type RelayResult = Counted &
  (
    | { readonly kind: 'done'; readonly status: number }
    /** `status` is what the client had been answered before it failed. */
    | { readonly kind: 'failed'; readonly failure: Failure; readonly status: number | undefined }
    /** The idle connection was closed by the origin, and the request may be sent again (RFC 9110 9.2.2). */
    | { readonly kind: 'stale' }
  );

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Never rejects. */
export async function relay(relayed: Relayed, origin: Origin): Promise<RelayResult> {
  const { exchange, request, response, path, plan } = relayed;
  const method = request.method ?? 'GET';
  const host = hostField(plan);
  const body = bodyOf(request);
  const handler = new ResponseRelay(response);
  const onAbort = (): void => {
    handler.abort();
  };
  exchange.signal.addEventListener('abort', onAbort);
  try {
    if (exchange.signal.aborted) handler.abort();
    origin.client.dispatch(
      {
        method,
        path: path === '' ? `http://${host}` : path,
        headers: requestFields(request.rawHeaders, host),
        body,
        // Or undici would close after every HEAD.
        reset: false,
      },
      handler,
    );
  } catch (error) {
    handler.onResponseError(undefined, error as Error);
  }
  const end = await handler.ended;
  exchange.signal.removeEventListener('abort', onAbort);
  const { bytesUp, bytesDown, status } = handler;
  if (end.kind === 'complete') return { kind: 'done', status: status ?? 0, bytesUp, bytesDown };
  if (exchange.signal.aborted || (request.destroyed && !request.complete)) {
    return { kind: 'failed', failure: clientGone(), status, bytesUp, bytesDown };
  }
  const isUntouched = status === undefined && body === null && !handler.sawResponse;
  if (origin.isReused && isUntouched && IDEMPOTENT.has(method))
    return { kind: 'stale', bytesUp, bytesDown };
  return {
    kind: 'failed',
    failure: originFailure(end.error, plan, status),
    status,
    bytesUp,
    bytesDown,
  };
}

/** RFC 9110 7.2: the target's authority, without the default port. */
function hostField({ host, port }: Plan): string {
  const authority = formatAuthority(hostForLog(host), port);
  return port === 80 ? authority.slice(0, -':80'.length) : authority;
}

/**
 * The body for undici, which destroys what it is given when the origin answers early. The client's
 * request must outlive that: its rest is read and dropped, so that the answer arrives.
 */
function bodyOf(request: IncomingMessage): PassThrough | null {
  const hasBody =
    valuesOf(request.rawHeaders, 'transfer-encoding').length > 0 ||
    Number(valuesOf(request.rawHeaders, 'content-length')[0] ?? 0) > 0;
  if (!hasBody) return null;
  const body = new PassThrough();
  request.pipe(body);
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the client cut its request'));
  });
  body.once('close', () => {
    request.unpipe(body);
    request.resume();
  });
  return body;
}
