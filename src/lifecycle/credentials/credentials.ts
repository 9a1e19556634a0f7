import { SpacetailError } from '../../errors.ts';
import { type ApiClient, type ApiOptions, createApiClient } from './api-client.ts';
import { exchangeRefused, keyRefused, tokenRefused, unreadable } from './api-refusal.ts';
import { postWithRetry } from './api-retry.ts';
import { readIdToken } from './id-token.ts';

/** What a run joins with; chosen by the configuration. */
export type Credential =
  /** Workload identity: the token is exchanged for an API token, then for a key. */
  | {
      readonly kind: 'id-token';
      readonly clientId: string;
      readonly idToken: string;
      readonly source: string;
      readonly unused?: string;
    }
  | {
      readonly kind: 'oauth';
      readonly clientId: string;
      readonly clientSecret: string;
      /** The variable of an auth key that is there too, and that comes after it. */
      readonly unused?: string;
    }
  | { readonly kind: 'auth-key'; readonly authKey: string; readonly source: string }
  /** Among the user's own arguments, in TS_EXTRA_ARGS: the CLI joins with it. */
  | { readonly kind: 'extra-args'; readonly what: ExtraCredential };

export type ExtraCredential = 'auth key' | 'OAuth client' | 'workload identity';

export interface KeyOptions extends ApiOptions {
  /** TS_OAUTH_TAGS */
  readonly tags: readonly string[];
  /** TS_AUDIENCE */
  readonly audience: string | undefined;
  /** Names the run in the admin console; see `keyDescription`. */
  readonly description: string;
  /** A sentence for the user of what may be refused. */
  warn(sentence: string): void;
}

/** A key is used within seconds; after this it is worth nothing. */
const keyLifetimeSeconds = 600;

/** What the API takes: letters, digits, spaces and hyphens, at most 50. */
export function keyDescription(text: string): string {
  return (
    text
      .replaceAll(/[^A-Za-z0-9 -]+/g, '-')
      .slice(0, 50)
      .replaceAll(/^[ -]+|[ -]+$/g, '') || 'spacetail'
  );
}

/** What `up` prints of the credential; no part of a secret. */
export function describeCredential(credential: Credential): string {
  if (credential.kind === 'auth-key') {
    const kind = isOAuthSecret(credential.authKey) ? 'OAuth client' : 'auth key';
    return `${kind} (${credential.source})`;
  }
  if (credential.kind === 'extra-args') return `${credential.what} (TS_EXTRA_ARGS)`;
  if (credential.kind === 'oauth') return `OAuth client ${credential.clientId}`;
  return `workload identity ${credential.clientId} (${credential.source})`;
}

/** The CLI mints a key from it, where it is given as one. */
export function isOAuthSecret(key: string): boolean {
  return key.startsWith('tskey-client-');
}

/** Nobody is to think that the key was tried after the client. */
function withUnused(error: unknown, unused: string | undefined): unknown {
  if (unused === undefined || !(error instanceof SpacetailError)) return error;
  if (error.code === 'up_interrupted') return error;
  return new SpacetailError(
    error.code,
    `${error.message}; the auth key of ${unused} is there too and was not used`,
    { hint: error.hint, cause: error },
  );
}

function field(body: unknown, name: string): string | undefined {
  const value =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type Client = Extract<Credential, { kind: 'id-token' | 'oauth' }>;

async function accessToken(
  api: ApiClient,
  credential: Client,
  options: KeyOptions,
  signal: AbortSignal,
): Promise<string> {
  if (credential.kind === 'oauth') {
    const form = {
      grant_type: 'client_credentials',
      client_id: credential.clientId,
      client_secret: credential.clientSecret,
    };
    const answer = await postWithRetry(
      api,
      { path: '/api/v2/oauth/token', form },
      options.baseUrl,
      signal,
    );
    if (answer.status >= 300) throw tokenRefused(answer);
    const token = field(answer.body, 'access_token');
    if (token === undefined) throw unreadable(answer, 'an access token');
    return token;
  }
  const claims = await readIdToken(credential.idToken, credential.source);
  const { audience } = options;
  if (audience !== undefined && !claims.audience.includes(audience)) {
    // The API has the last word: it knows the audience of the federated identity.
    options.warn(
      `${credential.source}: the token is for ${claims.audience.join(', ') || 'nobody'}, not for TS_AUDIENCE=${audience}`,
    );
  }
  const form = { client_id: credential.clientId, jwt: credential.idToken };
  const answer = await postWithRetry(
    api,
    { path: '/api/v2/oauth/token-exchange', form },
    options.baseUrl,
    signal,
  );
  if (answer.status >= 300) throw exchangeRefused(answer, claims);
  const token = field(answer.body, 'access_token');
  if (token === undefined) throw unreadable(answer, 'an access token');
  return token;
}

async function mintKey(
  api: ApiClient,
  bearer: string,
  options: KeyOptions,
  signal: AbortSignal,
): Promise<string> {
  const json = {
    capabilities: {
      devices: {
        create: { reusable: false, ephemeral: true, preauthorized: true, tags: options.tags },
      },
    },
    expirySeconds: keyLifetimeSeconds,
    description: options.description,
  };
  const answer = await postWithRetry(
    api,
    { path: '/api/v2/tailnet/-/keys', json, bearer },
    options.baseUrl,
    signal,
  );
  if (answer.status >= 300) throw keyRefused(answer, options.tags);
  const key = field(answer.body, 'key');
  if (key === undefined) throw unreadable(answer, 'a key');
  return key;
}

/**
 * The auth key to join with: the given one, or a new one that is good once, for one ephemeral, tagged and
 * pre-approved node.
 *
 * @returns undefined where the key is among the user's own arguments
 * @throws {SpacetailError} `oauth_rejected`, `key_rejected`, `api_unreachable`, `config_invalid`; the signal's reason
 */
export async function obtainKey(
  credential: Credential,
  options: KeyOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (credential.kind === 'extra-args') return undefined;
  if (credential.kind === 'auth-key') return credential.authKey;
  const api = createApiClient(options);
  try {
    return await mintKey(api, await accessToken(api, credential, options, signal), options, signal);
  } catch (error) {
    throw withUnused(error, credential.unused);
  }
}
