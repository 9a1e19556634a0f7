/**
 * Which credential a run joins with: the first that is there, in the order of the interface, and never a
 * silent fall back from half of one to another.
 */
import { readFileSync } from 'node:fs';
import { messageOf, SpacetailError } from '../errors.ts';
import type { Credential } from '../lifecycle/credentials/credentials.ts';

/** One shape for those who choose a credential and those who use it. */
export type Credentials = Credential;

/** Where a Spacelift worker mounts the run's OIDC token. */
const spaceliftTokenFile = '/mnt/workspace/spacelift.oidc';

type Variables = Readonly<Record<string, string | undefined>>;

/** The value itself, or the content of the file that `file:PATH` names. Never quotes the value in an error. */
function readSecret(value: string | undefined, variable: string): string | undefined {
  if (value === undefined || !value.startsWith('file:')) return value?.trim();
  const path = value.slice('file:'.length);
  let content: string;
  try {
    content = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new SpacetailError(
      'config_invalid',
      `${variable}: ${path} cannot be read: ${messageOf(error)}`,
      {
        hint: 'After file: comes the path of a file that holds the secret and nothing else.',
        cause: error,
      },
    );
  }
  if (content === '') {
    throw new SpacetailError('config_invalid', `${variable}: ${path} is empty`, {
      hint: 'After file: comes the path of a file that holds the secret and nothing else.',
    });
  }
  return content;
}

function firstOf(
  variables: Variables,
  ...names: string[]
): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = readSecret(variables[name], name);
    if (value !== undefined) return { name, value };
  }
  return undefined;
}

/** The run's OIDC token: of the variable, else of the mounted file. */
export function spaceliftToken(
  variables: Variables,
): { idToken: string; source: string } | undefined {
  const value = variables['SPACELIFT_OIDC_TOKEN']?.trim();
  if (value) return { idToken: value, source: 'SPACELIFT_OIDC_TOKEN' };
  try {
    const idToken = readFileSync(spaceliftTokenFile, 'utf8').trim();
    return idToken === '' ? undefined : { idToken, source: spaceliftTokenFile };
  } catch {
    return undefined;
  }
}

/**
 * @param variables the environment with empty variables taken out
 * @throws SpacetailError credentials_missing, credentials_incomplete, config_invalid
 */
export function chooseCredentials(
  variables: Variables,
  options: { readonly extraArgsHaveKey: boolean },
): Credentials {
  const client = firstOf(variables, 'TS_OAUTH_CLIENT_ID', 'TS_CLIENT_ID');
  const secret = firstOf(variables, 'TS_OAUTH_CLIENT_SECRET', 'TS_CLIENT_SECRET');
  const idToken = firstOf(variables, 'TS_ID_TOKEN');
  if (client !== undefined && idToken !== undefined) {
    return {
      kind: 'id-token',
      clientId: client.value,
      idToken: idToken.value,
      source: 'TS_ID_TOKEN',
    };
  }
  if (client !== undefined && secret !== undefined) {
    return { kind: 'oauth', clientId: client.value, clientSecret: secret.value };
  }
  if (secret !== undefined) {
    throw new SpacetailError(
      'credentials_incomplete',
      `${secret.name} is set without TS_OAUTH_CLIENT_ID`,
    );
  }
  if (idToken !== undefined) {
    throw new SpacetailError('credentials_incomplete', 'TS_ID_TOKEN is set without TS_CLIENT_ID', {
      hint: 'Set TS_CLIENT_ID to the id of the federated identity in the admin console.',
    });
  }
  if (client?.name === 'TS_CLIENT_ID') {
    const token = spaceliftToken(variables);
    if (token !== undefined) return { kind: 'id-token', clientId: client.value, ...token };
  }
  if (client !== undefined) {
    throw new SpacetailError(
      'credentials_incomplete',
      `${client.name} is set without a secret${client.name === 'TS_CLIENT_ID' ? ' or an ID token' : ''}`,
      {
        hint: 'Set TS_OAUTH_CLIENT_SECRET, or TS_CLIENT_ID with TS_ID_TOKEN for workload identity.',
      },
    );
  }
  const key = firstOf(variables, 'TS_AUTHKEY', 'TS_AUTH_KEY');
  if (key !== undefined) return { kind: 'auth-key', authKey: key.value, source: key.name };
  if (options.extraArgsHaveKey) return { kind: 'extra-args' };
  throw new SpacetailError('credentials_missing', 'no credential to join the tailnet with');
}
