/** Dials by the host network: the judged literals, or the upstream proxy where one is set. */
import { clientGone } from '../core/client-gone.ts';
import type { Plan } from '../decide/decide.ts';
import type { DialContext, Dialled, DialOptions } from './dial-context.ts';
import { failure } from '../core/failure.ts';
import { formatAuthority } from '../core/authority.ts';
import { handshake } from './handshake.ts';
import type { HandshakeResult } from './handshake.ts';
import { openLine } from './line.ts';
import { isHostLocal } from '../decide/route.ts';
import { connectThroughProxy, isSuccess } from './upstream-proxy.ts';
import type { UpstreamProxy } from './upstream-proxy.ts';

const NOTHING = Buffer.alloc(0);

export async function dialDirect(
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  const proxy = context.upstreamProxy;
  if (proxy !== undefined && !isBypassed(proxy, plan))
    return dialThrough(proxy, plan, options, context);
  const [first, ...others] = plan.addresses;
  if (first === undefined) {
    const detail = `${plan.host} has no address here and is not for the upstream proxy`;
    return failed(failure('name_unknown', detail, 'Check the name.'));
  }
  const line = openLine({
    addresses: [first, ...others],
    port: plan.port,
    isFixed: options.isFixed,
  });
  const result = await handshake<never>(line, {
    question: NOTHING,
    parse: undefined,
    timeoutMs: context.connectTimeoutMs,
    signal: options.signal,
  });
  if (result.kind === 'answer') {
    // Asking the socket costs a call of the kernel.
    const ip = others.length === 0 ? first : line.socket.remoteAddress;
    return { kind: 'connected', line, ip };
  }
  return failed(reason(result, formatAuthority(plan.host, plan.port), context.connectTimeoutMs));
}

/** A metadata service is this container's own, not the proxy's. */
function isBypassed(proxy: UpstreamProxy, { host, ip }: Plan): boolean {
  return (ip !== undefined && isHostLocal(ip)) || proxy.isBypassed?.(host, ip) === true;
}

async function dialThrough(
  proxy: UpstreamProxy,
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  const target = formatAuthority(plan.host, plan.port);
  const where = `the upstream proxy ${formatAuthority(proxy.host, proxy.port)}`;
  const hint = 'Check SPACETAIL_UPSTREAM_PROXY and what that proxy allows.';
  const resolution = await context.resolve(proxy.host, options.signal).catch(() => undefined);
  if (resolution === undefined) return failed(clientGone());
  if (resolution.kind !== 'resolved') {
    return failed(failure('name_unknown', `${where} has no address: ${resolution.detail}`, hint));
  }
  const { addresses } = resolution;
  const line = openLine({ addresses, port: proxy.port, isFixed: options.isFixed });
  const result = await connectThroughProxy(line, plan, proxy, {
    timeoutMs: context.connectTimeoutMs,
    signal: options.signal,
  });
  if (result.kind !== 'answer') return failed(reason(result, where, context.connectTimeoutMs));
  if (isSuccess(result.answer)) return { kind: 'connected', line, ip: plan.ip };
  const said = result.answer === 0 ? 'did not answer in HTTP' : `answered ${result.answer}`;
  return failed(failure('refused', `${where} ${said} for ${target}`, hint));
}

function reason(
  result: Exclude<HandshakeResult<unknown>, { kind: 'answer' }>,
  target: string,
  timeoutMs: number,
): ReturnType<typeof failure> {
  if (result.kind === 'aborted') return clientGone();
  if (result.kind === 'timeout') {
    const detail = `${target} did not answer within ${timeoutMs / 1000} s`;
    return failure(
      'timed_out',
      detail,
      'Check the address and the firewalls between; SPACETAIL_CONNECT_TIMEOUT raises the limit.',
    );
  }
  return systemFailure(result.code, target);
}

function systemFailure(code: string, target: string): ReturnType<typeof failure> {
  switch (code) {
    case 'ECONNREFUSED': {
      return failure(
        'refused',
        `${target} refused the connection`,
        'Nothing listens on that port there; check the port.',
      );
    }
    case 'ECONNRESET':
    case 'EPIPE':
    case 'EOF': {
      return failure(
        'terminated',
        `${target} ended the connection at once`,
        'Check the service and what stands before it.',
      );
    }
    case 'ETIMEDOUT': {
      return failure(
        'timed_out',
        `${target} did not answer`,
        'Check the address and the firewalls between.',
      );
    }
    case 'EMFILE':
    case 'ENFILE':
    case 'EADDRNOTAVAIL': {
      return failure(
        'too_many_connections',
        `no socket left to dial ${target} (${code})`,
        'Raise the limit of open files, or lower the number of connections.',
      );
    }
    default: {
      return failure(
        'unroutable',
        `${target} cannot be reached (${code})`,
        'This container has no way there; check its network.',
      );
    }
  }
}

function failed(reason: ReturnType<typeof failure>): Dialled {
  return { kind: 'failed', failure: reason };
}
