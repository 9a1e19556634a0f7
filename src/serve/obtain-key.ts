import type { Config } from '../config.ts';
import type { Resolve } from '../dns/types.ts';
import type { ResolveHost } from '../lifecycle/credentials/host-lookup.ts';
import {
  type KeyOptions,
  keyDescription,
  obtainKey,
} from '../lifecycle/credentials/credentials.ts';
import { addressesBy } from './addresses-by.ts';
import type { RunPlan } from './run-plan.ts';

/** What a key is asked for with; its description names the run in the admin console. */
export function keyOptionsOf(
  { tailnet, upstreamProxy }: Pick<Config, 'tailnet' | 'upstreamProxy'>,
  runId: string | undefined,
  resolveHost: ResolveHost,
): KeyOptions {
  return {
    baseUrl: tailnet.apiBaseUrl,
    upstream: upstreamProxy,
    tags: tailnet.tags,
    audience: tailnet.audience,
    description: keyDescription(`spacetail ${runId ?? tailnet.hostname}`),
    resolveHost,
  };
}

/** The auth key of a tailnet's credential; undefined where the user's own arguments have one. */
export function obtainKeyOf(
  { config, credentials, runId }: RunPlan,
  resolve: Resolve,
): (signal: AbortSignal, name: string) => Promise<string | undefined> {
  return async (signal, name) => {
    const at = config.tailnets.findIndex((tailnet) => tailnet.name === name);
    const member = config.tailnets[at];
    const credential = credentials[at];
    if (member === undefined || credential === undefined) throw new TypeError(`no tailnet ${name}`);
    const { upstreamProxy } = config;
    const own = { tailnet: member.tailnet, upstreamProxy };
    return obtainKey(credential, keyOptionsOf(own, runId, addressesBy(resolve)), signal);
  };
}
