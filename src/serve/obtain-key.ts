import type { Config } from '../config.ts';
import {
  type KeyOptions,
  keyDescription,
  obtainKey,
} from '../lifecycle/credentials/credentials.ts';
import { dialOutOf } from './dial-out.ts';
import { hostAddresses } from './host-addresses.ts';
import type { SupervisorParts } from '../lifecycle/run/supervisor-parts.ts';
import type { RunPlan } from './run-plan.ts';

/**
 * What a key is asked for with; its description names the run in the admin console. The API is never the tailnet's: it
 * is asked by the host's own resolver and network, also while an exit node is set and tailscaled is gone.
 */
export function keyOptionsOf(
  { tailnet, upstreamProxy }: Pick<Config, 'tailnet' | 'upstreamProxy'>,
  runId: string | undefined,
  warn: (sentence: string) => void,
): KeyOptions {
  return {
    baseUrl: tailnet.apiBaseUrl,
    dialOut: dialOutOf(upstreamProxy),
    tags: tailnet.tags,
    audience: tailnet.audience,
    description: keyDescription(`spacetail ${runId ?? tailnet.hostname}`),
    resolveHost: hostAddresses,
    warn,
  };
}

/** The auth key of a tailnet's credential; undefined where the user's own arguments have one. */
export function obtainKeyOf({ config, credentials, runId }: RunPlan): SupervisorParts['obtainKey'] {
  return async (signal, name, notice) => {
    const at = config.tailnets.findIndex((tailnet) => tailnet.name === name);
    const member = config.tailnets[at];
    const credential = credentials[at];
    if (member === undefined || credential === undefined) throw new TypeError(`no tailnet ${name}`);
    const { upstreamProxy } = config;
    const own = { tailnet: member.tailnet, upstreamProxy };
    return obtainKey(credential, keyOptionsOf(own, runId, notice), signal);
  };
}
