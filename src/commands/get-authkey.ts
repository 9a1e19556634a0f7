/** `spacetail get-authkey`: mints a key from the OAuth client and prints it, as the bash image's tool did. */
import { trustCertificateFiles } from '../serve/certificates.ts';
import { loadCredentials } from '../config.ts';
import { spaceliftRunId } from '../config/run-id.ts';
import { SpacetailError } from '../errors.ts';
import { obtainKey } from '../lifecycle/credentials/credentials.ts';
import { keyOptionsOf } from '../serve/obtain-key.ts';
import { type CommandIo, print } from './io.ts';
import { configOf } from './supervisor.ts';

/** @throws {SpacetailError} `credentials_*`, `oauth_rejected`, `key_rejected`, `api_unreachable` */
export async function run(_: unknown, io: CommandIo): Promise<number> {
  const config = configOf(io);
  trustCertificateFiles(io.env);
  const credentials = loadCredentials(io.env, config);
  if (credentials.kind === 'auth-key' || credentials.kind === 'extra-args') {
    throw new SpacetailError(
      'credentials_missing',
      'get-authkey mints a key, and there is no OAuth client or identity to mint it with',
      {
        hint: 'Set TS_OAUTH_CLIENT_ID and TS_OAUTH_CLIENT_SECRET, or TS_CLIENT_ID with an ID token.',
      },
    );
  }
  const { tailnet, upTimeoutMs } = config;
  const options = keyOptionsOf(config, spaceliftRunId(io.env), (sentence) =>
    io.stderr.write(`spacetail: warning: ${sentence}\n`),
  );
  const limit = AbortSignal.timeout(upTimeoutMs);
  try {
    const key = await obtainKey(credentials, options, AbortSignal.any([io.signal, limit]));
    await print(io.stdout, `${key}\n`);
    return 0;
  } catch (error) {
    if (!limit.aborted || io.signal.aborted || error instanceof SpacetailError) throw error;
    throw new SpacetailError(
      'api_unreachable',
      `${tailnet.apiBaseUrl} did not answer within ${upTimeoutMs / 1000} s`,
      { cause: error },
    );
  }
}
