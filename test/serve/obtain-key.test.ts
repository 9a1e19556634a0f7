import t from 'tap';
import { loadAllCredentials, loadConfig } from '../../src/config.ts';
import { obtainKeyOf } from '../../src/serve/obtain-key.ts';
import { mintedKey, startKeyApi } from '../fakes/key-api.ts';

void t.test('the API is found by the host’s own resolver, whatever the tailnet says', async (t) => {
  const api = await startKeyApi(t);
  const env = {
    TS_OAUTH_CLIENT_ID: 'client',
    TS_OAUTH_CLIENT_SECRET: 'tskey-client-secret',
    TS_EXTRA_ARGS: '--exit-node=exit',
    TS_API_BASE_URL: `http://localhost:${new URL(api.url).port}`,
  };
  const config = loadConfig(env);
  const plan = {
    config,
    credentials: loadAllCredentials(env, config),
    owner: undefined,
    before: {},
    policyFile: undefined,
    identityToken: undefined,
    runId: undefined,
  };
  // No tailnet is there to be asked, as after the end of its tailscaled.
  const key = await obtainKeyOf(plan)(AbortSignal.timeout(20_000), '', () => {});
  t.equal(key, mintedKey);
});
