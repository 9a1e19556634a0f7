import type { Resolve } from '../dns/types.ts';
import { keyDescription, obtainKey } from '../lifecycle/credentials.ts';
import type { RunPlan } from './run-plan.ts';

/** The auth key of the run's credential; undefined where the user's own arguments have one. */
export function obtainKeyOf(
  { config, credentials, runId }: RunPlan,
  resolve: Resolve,
): (signal: AbortSignal) => Promise<string | undefined> {
  const { tailnet, upstreamProxy } = config;
  const options = {
    baseUrl: tailnet.apiBaseUrl,
    upstream: upstreamProxy,
    tags: tailnet.tags,
    audience: tailnet.audience,
    description: keyDescription(`spacetail ${runId ?? tailnet.hostname}`),
    resolveHost: async (host: string, signal: AbortSignal) => {
      const resolution = await resolve(host, signal);
      return resolution.kind === 'resolved' ? resolution.addresses : [];
    },
  };
  return (signal) => obtainKey(credentials, options, signal);
}
