import { once } from 'node:events';
import {
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ResolveHost, toLookup } from './host-lookup.ts';

/** A connection that leads to the API. */
export interface Outward {
  readonly socket: Socket;
  /** It leads to an HTTP proxy, which takes the whole URL (RFC 9112 section 3.2.2). */
  readonly absoluteForm?: { readonly authorization: string | undefined } | undefined;
}

/** `undefined` for a host that is dialled without the proxy. Rejects with why not. */
export type DialOut = (url: URL, signal: AbortSignal) => Promise<Outward | undefined>;

export interface ApiOptions {
  /** TS_API_BASE_URL without a trailing slash. */
  readonly baseUrl: string;
  /** By the container's upstream proxy, where there is one. */
  readonly dialOut: DialOut | undefined;
  readonly resolveHost: ResolveHost;
}

export interface ApiAnswer {
  readonly status: number;
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown;
  /** Of the Retry-After header (RFC 9110 section 10.2.3). */
  readonly retryAfterMs: number | undefined;
}

export interface ApiRequest {
  readonly path: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly bearer?: string;
}

export interface ApiClient {
  /** @throws {Error} of the network; the signal's reason */
  post(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer>;
}

/** One try; the whole is bounded by the caller's signal. */
const tryTimeoutMs = 10_000;
/** Answers are a few hundred bytes. */
const longestBody = 64 * 1024;

/** The request, not yet sent. */
function openRequest(
  url: URL,
  outward: Outward | undefined,
  target: Pick<RequestOptions, 'lookup' | 'signal'>,
): ClientRequest {
  // With an agent Node would not take `createConnection`.
  const options = { ...target, method: 'POST' } as const;
  const isTls = url.protocol === 'https:';
  if (outward === undefined)
    return (isTls ? httpsRequest : httpRequest)(url, { ...options, agent: false });
  const { socket, absoluteForm } = outward;
  if (!isTls) {
    const path = absoluteForm === undefined ? {} : { path: url.href };
    const request = httpRequest(url, { ...options, ...path, createConnection: () => socket });
    // A handshake leaves it paused.
    request.once('socket', () => socket.resume());
    const { authorization } = absoluteForm ?? {};
    if (authorization !== undefined) request.setHeader('proxy-authorization', authorization);
    return request;
  }
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return httpsRequest(url, {
    ...options,
    createConnection: () => connectTls({ socket, host, ...servername }),
  });
}

function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

async function readBody(body: AsyncIterable<Buffer>): Promise<unknown> {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString('utf8');
    if (text.length > longestBody) break;
  }
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The Tailscale API as far as a key needs it, by Node's own client: another costs the supervisor 17 MB for as long as
 * it runs. The proxy variables of the process play no part.
 */
export function createApiClient(options: ApiOptions): ApiClient {
  const lookup = toLookup(options.resolveHost);
  return {
    async post({ path, form, json, bearer }, signal) {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(tryTimeoutMs)]);
      const url = new URL(`${options.baseUrl}${path}`);
      const outward = await options.dialOut?.(url, limited);
      const request = openRequest(url, outward, { lookup, signal: limited });
      const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
      request.setHeader('accept', 'application/json');
      request.setHeader('content-type', type);
      if (bearer !== undefined) request.setHeader('authorization', `Bearer ${bearer}`);
      request.end(form === undefined ? JSON.stringify(json) : new URLSearchParams(form).toString());
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      return {
        status: answer.statusCode ?? 0,
        body: await readBody(answer),
        retryAfterMs: readRetryAfter(answer.headers['retry-after']),
      };
    },
  };
}
