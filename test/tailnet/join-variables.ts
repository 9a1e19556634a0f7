import type { TailnetFacts } from './facts.ts';

/** What `spacetail up` needs in its environment to join a test's tailnet with that tailnet's programs. */
export function joinVariables({
  authKey,
  loginServer,
  tools,
}: Pick<TailnetFacts, 'authKey' | 'loginServer' | 'tools'>) {
  return {
    TS_AUTH_KEY: authKey,
    TS_EXTRA_ARGS: `--login-server=${loginServer}`,
    TS_DEBUG_USE_DERP_HTTP: '1',
    SPACETAIL_TAILSCALE: tools.tailscale,
    SPACETAIL_TAILSCALED: tools.tailscaled,
  };
}
