/** The proxy that direct dials must use where the container's network allows nothing else. */
import { clientGone } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';
import type { DialContext, Dialled, DialOptions, UpstreamProxy } from './dial-context.ts';
import { failure } from '../core/failure.ts';
import { formatAuthority } from '../core/authority.ts';
import { openConnection } from './connection.ts';
import { hostFailure } from './failures.ts';
import { httpConnect, isSuccess } from './http-connect.ts';
import { isHostLocal } from '../decide/route.ts';
/** A metadata service is this container's own, not the proxy's. */
export function isBypassed(proxy: UpstreamProxy, { host, ip }: Plan): boolean {
  return (ip !== undefined && isHostLocal(ip)) || proxy.isBypassed?.(host, ip) === true;
}

export async function dialThrough(
  proxy: UpstreamProxy,
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  const target = formatAuthority(plan.host, plan.port);
  const where = `the upstream proxy ${formatAuthority(proxy.host, proxy.port)}`;
  const hint = 'Check SPACETAIL_UPSTREAM_PROXY and what that proxy allows.';
  const resolution = await context.resolver
    .resolve(proxy.host, options.signal)
    .catch(() => undefined);
  if (resolution === undefined) return failed(clientGone());
  if (resolution.kind !== 'resolved') {
    return failed(failure('name_unknown', `${where} has no address: ${resolution.detail}`, hint));
  }
  const { addresses } = resolution;
  const { isFixed, signal } = options;
  const timeoutMs = context.connectTimeoutMs;
  const connection = openConnection({ address: addresses[0], port: proxy.port, isFixed });
  const result = await httpConnect(connection, plan, proxy.authorization, { timeoutMs, signal });
  if (result.kind === 'malformed') {
    return failed(failure('refused', `${where} did not answer in HTTP for ${target}`, hint));
  }
  if (result.kind !== 'answer') return failed(hostFailure(result, where, timeoutMs));
  if (isSuccess(result.answer)) return { kind: 'connected', connection, ip: plan.ip };
  return failed(failure('refused', `${where} answered ${result.answer} for ${target}`, hint));
}

function failed(reason: ReturnType<typeof failure>): Dialled {
  return { kind: 'failed', failure: reason };
}
