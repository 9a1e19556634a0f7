/** A GET that goes the way the supervisor's own calls go: by the upstream proxy or directly, never by the bridge. */
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import type { UpstreamProxy } from '../../config.ts';
import { noProxyOf } from '../../no-proxy.ts';
import { hostAddresses } from '../../serve/host-addresses.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Epoch ms halfway between request and answer. */
  readonly midMs: number;
}

const limitMs = 8000;
const longestBody = 4 << 20;

/** @throws the network's error, with a message for people */
export async function httpGet(
  url: string,
  upstream: UpstreamProxy | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const { request } = await import('undici');
  const dispatcher = await createDispatcher(url, upstream);
  const startMs = Date.now();
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
    const answer = await request(url, { dispatcher, signal: limited });
    const midMs = (startMs + Date.now()) / 2;
    let body = '';
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      body += chunk.toString('utf8');
      if (body.length > longestBody) break;
    }
    return { status: answer.statusCode, headers: answer.headers, body, midMs };
  } finally {
    await dispatcher.destroy();
  }
}

/** Hands back what `hostAddresses` finds, for Node's connection to try in their order. */
function lookup(host: string, _options: object, done: Found): void {
  void answer(host, done);
}

type Found = (error: Error | null, found: { address: string; family: number }[]) => void;

async function answer(host: string, done: Found): Promise<void> {
  let addresses: readonly string[];
  try {
    addresses = await hostAddresses(host);
  } catch (error) {
    return done(error as Error, []);
  }
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  done(found.length === 0 ? new Error(`${host} does not resolve`) : null, found);
}

async function createDispatcher(
  url: string,
  upstream: UpstreamProxy | undefined,
): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = await import('undici');
  // `autoSelectFamily` makes Node ask the look-up for all addresses.
  const connect = { lookup: lookup as LookupFunction, timeout: limitMs, autoSelectFamily: true };
  if (upstream === undefined || noProxyOf(upstream.noProxy)(new URL(url).hostname))
    return new Agent({ connect });
  const { username, password, protocol, host } = new URL(upstream.url);
  // undici asks a SOCKS proxy by name in any case, and reads its login from the URL.
  if (protocol.startsWith('socks'))
    return new ProxyAgent({ uri: upstream.url.replace('socks5h:', 'socks5:'), proxyTls: connect });
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const token = username === '' ? {} : { token: `Basic ${Buffer.from(login).toString('base64')}` };
  return new ProxyAgent({ uri: `${protocol}//${host}`, proxyTls: connect, ...token });
}
