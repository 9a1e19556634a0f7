/** The proxy that direct dials must use where the container's network allows nothing else. */
import { formatAuthority } from '../core/authority.ts';
import { clientGone, failure } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import type { Resolver } from '../../tailnet.ts';
import type { Plan } from '../decide/decide.ts';
import { isHostLocal } from '../decide/route.ts';
import { openConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import type {
  AttemptOptions,
  DialContext,
  Dialled,
  DialOptions,
  UpstreamProxy,
} from './dial-context.ts';
import { hostFailure } from './failures.ts';
import { connected } from './handshake.ts';
import type { HandshakeFailure, HandshakeOptions } from './handshake.ts';
import { httpConnect, isSuccess } from './http-connect.ts';
import { race } from './race.ts';
import { socksConnectWith } from './socks5-client.ts';
import { secure } from './tls.ts';

const HINT = 'Check SPACETAIL_UPSTREAM_PROXY and what that proxy allows.';

type Target = Pick<Plan, 'host' | 'port' | 'ip'>;
type Context = Pick<DialContext, 'connectTimeoutMs' | 'hostRoute'> & {
  readonly resolver: Pick<Resolver, 'resolve'>;
};

/** A metadata service is this container's own, not the proxy's. */
export function isBypassed(proxy: UpstreamProxy, { host, ip }: Plan): boolean {
  return (ip !== undefined && isHostLocal(ip)) || proxy.isBypassed?.(host, ip) === true;
}

/** Never throws. At most `connectTimeoutMs`. */
export async function dialThrough(
  proxy: UpstreamProxy,
  plan: Target,
  options: DialOptions,
  context: Context,
): Promise<Dialled> {
  const endMs = performance.now() + context.connectTimeoutMs;
  const found = await addressesOf(proxy, options.signal, context);
  if (!Array.isArray(found)) return failed(found);
  const limits = { timeoutMs: endMs - performance.now(), signal: options.signal };
  // TLS has a stream of its own.
  const isFixed = options.isFixed && proxy.scheme !== 'https';
  const reach = async (ip: string, { timeoutMs, signal }: HandshakeOptions): Promise<Dialled> =>
    reachProxy(proxy, ip, { isFixed, timeoutMs, signal });
  const raced = await race(found, reach, limits);
  if (raced.kind === 'lost') {
    return failed(raced.losses[0]?.failure ?? clientGone());
  }
  const left = { timeoutMs: endMs - performance.now(), signal: options.signal };
  return ask(proxy, plan, raced.dialled.connection, { ...left, requests: options.requests });
}

/** Its name is the system's alone, and nothing goes to it by the tailnet: it is sent a password. */
async function addressesOf(
  proxy: UpstreamProxy,
  signal: AbortSignal,
  { resolver, hostRoute }: Context,
): Promise<string[] | Failure> {
  const resolution = await resolver.resolve(proxy.host, signal).catch(() => undefined);
  if (resolution === undefined) return clientGone();
  if (resolution.kind !== 'resolved') {
    const detail = `${nameOf(proxy)} has no address: ${resolution.detail}`;
    return failure('name_unknown', detail, HINT);
  }
  const ways = resolution.addresses.map((ip) => ({ ip, way: hostRoute(ip, proxy.port) }));
  const direct = ways.filter(({ way }) => way === 'direct').map(({ ip }) => ip);
  if (direct.length > 0) return direct;
  if (ways.some(({ way }) => way === 'loop')) {
    return failure('loop', `${nameOf(proxy)} is this bridge itself`, HINT);
  }
  const detail = `${nameOf(proxy)} has an address of the tailnet (${resolution.addresses[0]}), where it is not dialled`;
  return failure('unroutable', detail, HINT);
}

async function reachProxy(
  proxy: UpstreamProxy,
  address: string,
  { isFixed, timeoutMs, signal }: AttemptOptions,
): Promise<Dialled> {
  const startedMs = performance.now();
  const connection = openConnection({ address, port: proxy.port, isFixed });
  const result = await connected(connection, { timeoutMs, signal });
  if (result.kind !== 'answer') return failed(hostFailure(result, nameOf(proxy), timeoutMs));
  if (proxy.scheme !== 'https') return { kind: 'connected', connection, ip: address };
  const leftMs = timeoutMs - (performance.now() - startedMs);
  const secured = await secure(connection, proxy.host, { timeoutMs: leftMs, signal });
  if (secured.kind === 'secured') return { ...secured, kind: 'connected', ip: address };
  return failed(tlsFailure(secured, proxy, timeoutMs));
}

function tlsFailure(result: HandshakeFailure, proxy: UpstreamProxy, timeoutMs: number): Failure {
  if (result.kind !== 'cut' || /^E[A-Z]+$/u.test(result.code)) {
    return hostFailure(result, nameOf(proxy), timeoutMs);
  }
  const detail = `TLS to ${nameOf(proxy)} failed: ${result.code}`;
  return failure('terminated', detail, 'Check its certificate, and SSL_CERT_FILE for its CA.');
}

/** Asks by name where there is one: the upstream proxy is trusted to resolve, and its rules are written for names. */
async function ask(
  proxy: UpstreamProxy,
  { host, port, ip }: Target,
  connection: Connection,
  options: HandshakeOptions & { readonly requests: boolean | undefined },
): Promise<Dialled> {
  const isHttp = proxy.scheme === 'http' || proxy.scheme === 'https';
  const authorization = isHttp ? basic(proxy) : undefined;
  if (isHttp && options.requests === true) {
    return { kind: 'connected', connection, ip, absoluteForm: { authorization } };
  }
  const target = { host: proxy.scheme === 'socks5' ? (ip ?? host) : host, port };
  const result = isHttp
    ? await httpConnect(connection, target, authorization, options)
    : await socksConnectWith(connection, target, proxy.login, options);
  if (result.kind === 'malformed') {
    const detail = `${nameOf(proxy)} cannot be understood: ${result.detail}`;
    return failed(failure('refused', detail, HINT));
  }
  if (result.kind !== 'answer') {
    return failed(hostFailure(result, nameOf(proxy), options.timeoutMs));
  }
  const isOpen = isHttp ? isSuccess(result.answer) : result.answer === 0;
  if (isOpen) return { kind: 'connected', connection, ip };
  const asked = formatAuthority(host, port);
  if (isHttp) return failed(refusedBy(proxy, result.answer, asked));
  return failed(
    failure('refused', `${nameOf(proxy)} answered reply ${result.answer} for ${asked}`, HINT),
  );
}

/** What the proxy itself has answered, e.g. 403 or 407; told as its own, since 407 to our client would mean our token. */
export function refusedBy(proxy: UpstreamProxy, status: number, asked: string): Failure {
  const detail = `${nameOf(proxy)} answered ${status} for ${asked}`;
  const hint = status === 407 ? 'Put user and password into SPACETAIL_UPSTREAM_PROXY.' : HINT;
  return { ...failure('refused', detail, hint), receivedStatus: status };
}

function basic({ login }: UpstreamProxy): string | undefined {
  if (login === undefined) return undefined;
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
}

function nameOf({ host, port }: UpstreamProxy): string {
  return `the upstream proxy ${formatAuthority(host, port)}`;
}

function failed(reason: Failure): Extract<Dialled, { kind: 'failed' }> {
  return { kind: 'failed', failure: reason };
}
