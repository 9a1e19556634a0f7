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
import { noProxyOf } from '../../no-proxy.ts';
import type { Upstream } from '../tailscaled/child-environment.ts';
import { type ResolveHost, toLookup } from './host-lookup.ts';

export interface ApiOptions {
  /** TS_API_BASE_URL without a trailing slash. */
  readonly baseUrl: string;
  readonly upstream: Upstream | undefined;
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

type Target = Pick<RequestOptions, 'lookup' | 'signal'>;

/** The proxy of the container, as a client of it writes to it. */
interface Proxy {
  readonly host: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

function proxyOf({ upstream, baseUrl }: ApiOptions): Proxy | undefined {
  if (upstream === undefined || noProxyOf(upstream.noProxy)(new URL(baseUrl).hostname))
    return undefined;
  const { hostname, port, username, password } = new URL(upstream.url);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  return {
    host: bare(hostname),
    port: Number(port || 80),
    headers: username === '' ? {} : { 'proxy-authorization': authorization },
  };
}

function bare(hostname: string): string {
  return hostname.replaceAll(/^\[|\]$/g, '');
}

/** A tunnel for TLS through the proxy (RFC 9110 section 9.3.6). */
async function openTunnel(proxy: Proxy, url: URL, target: Target): Promise<Socket> {
  const authority = `${url.hostname}:${url.port || 443}`;
  const request = httpRequest({
    ...target,
    ...proxy,
    method: 'CONNECT',
    path: authority,
    headers: { ...proxy.headers, host: authority },
    agent: false,
  });
  request.end();
  const [answer, socket] = (await once(request, 'connect')) as [IncomingMessage, Socket];
  if (answer.statusCode === 200) return socket;
  socket.destroy();
  throw new Error(`the upstream proxy answered ${answer.statusCode} for ${authority}`);
}

/** The request, not yet sent: by the upstream proxy or directly, never through ourselves. */
async function openRequest(
  url: URL,
  proxy: Proxy | undefined,
  target: Target,
): Promise<ClientRequest> {
  const options = { ...target, method: 'POST', agent: false } as const;
  if (url.protocol === 'http:') {
    if (proxy === undefined) return httpRequest(url, options);
    const headers = { ...proxy.headers, host: url.host };
    return httpRequest({ ...options, ...proxy, path: url.href, headers });
  }
  if (proxy === undefined) return httpsRequest(url, options);
  const socket = await openTunnel(proxy, url, target);
  const host = bare(url.hostname);
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
  const proxy = proxyOf(options);
  const lookup = toLookup(options.resolveHost);
  return {
    async post({ path, form, json, bearer }, signal) {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(tryTimeoutMs)]);
      const url = new URL(`${options.baseUrl}${path}`);
      const request = await openRequest(url, proxy, { lookup, signal: limited });
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
