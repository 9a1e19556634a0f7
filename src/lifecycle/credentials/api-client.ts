import type { Dispatcher } from 'undici';
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
  close(): Promise<void>;
}

/** One try; the whole is bounded by the caller's signal. */
const tryTimeoutMs = 10_000;
/** Answers are a few hundred bytes. */
const longestBody = 64 * 1024;

async function createDispatcher(options: ApiOptions): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import('undici');
  const lookup = toLookup(options.resolveHost);
  const connect = { lookup, timeout: tryTimeoutMs };
  const { upstream } = options;
  if (upstream === undefined || noProxyOf(upstream.noProxy)(new URL(options.baseUrl).hostname)) {
    return new Agent({ connect });
  }
  const { username, password } = new URL(upstream.url);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new ProxyAgent({
    uri: upstream.url,
    proxyTls: { lookup },
    ...(username !== '' && { token: `Basic ${Buffer.from(login).toString('base64')}` }),
  });
}

function readRetryAfter(header: string | string[] | undefined): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
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
 * The Tailscale API as far as a key needs it. The proxy variables of the process play no part: it goes by
 * the upstream proxy or directly, never through ourselves.
 */
export async function createApiClient(options: ApiOptions): Promise<ApiClient> {
  const { request } = await import('undici');
  const dispatcher = await createDispatcher(options);
  return {
    async post({ path, form, json, bearer }, signal) {
      const answer = await request(`${options.baseUrl}${path}`, {
        method: 'POST',
        dispatcher,
        signal: AbortSignal.any([signal, AbortSignal.timeout(tryTimeoutMs)]),
        headers: {
          accept: 'application/json',
          'content-type':
            form === undefined ? 'application/json' : 'application/x-www-form-urlencoded',
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        },
        body: form === undefined ? JSON.stringify(json) : new URLSearchParams(form).toString(),
      });
      return {
        status: answer.statusCode,
        body: await readBody(answer.body),
        retryAfterMs: readRetryAfter(answer.headers['retry-after']),
      };
    },
    async close() {
      await dispatcher.destroy();
    },
  };
}
