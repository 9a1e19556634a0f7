/**
 * Which credential a run joins with: the first that is there, in the order of the interface, and never a
 * silent fall back from half of one to another.
 */
import { readFileSync } from 'node:fs';
import { messageOf, SpacetailError } from '../errors.ts';
import type { Credential, ExtraCredential } from '../lifecycle/credentials/credentials.ts';

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

interface Given {
  readonly name: string;
  readonly value: string;
}

function firstOf(variables: Variables, ...names: string[]): Given | undefined {
  for (const name of names) {
    const value = readSecret(variables[name], name);
    if (value !== undefined) return { name, value };
  }
  return undefined;
}

/** A secret where the id is to be: it would be printed as the id. */
function refuseSecretAsId(client: Given | undefined, secret: Given | undefined): void {
  if (client === undefined || !client.value.startsWith('tskey-')) return;
  const areSwapped = secret !== undefined && !secret.value.startsWith('tskey-');
  throw new SpacetailError(
    'config_invalid',
    `${client.name} holds a secret, not the id of a client (it begins with tskey-)${areSwapped ? `, and ${secret.name} holds none: are the two swapped?` : ''}`,
    {
      hint: 'The id of an OAuth client is a short word such as kExampleCNTRL; its secret begins with tskey-client-.',
    },
  );
}

/** The variable of an auth key, which comes last. */
function keyVariable(variables: Variables, extra: ExtraCredential | undefined): string | undefined {
  const name = ['TS_AUTHKEY', 'TS_AUTH_KEY'].find((one) => variables[one] !== undefined);
  return name ?? (extra === undefined ? undefined : 'TS_EXTRA_ARGS');
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
  { extra }: { readonly extra: ExtraCredential | undefined },
): Credentials {
  const key = keyVariable(variables, extra);
  const unused = key === undefined ? {} : { unused: key };
  const beside = key === undefined ? '' : `; the auth key of ${key} is there too and is not used`;
  const client = firstOf(variables, 'TS_OAUTH_CLIENT_ID', 'TS_CLIENT_ID');
  const secret = firstOf(variables, 'TS_OAUTH_CLIENT_SECRET', 'TS_CLIENT_SECRET');
  const idToken = firstOf(variables, 'TS_ID_TOKEN');
  refuseSecretAsId(client, secret);
  if (client !== undefined && idToken !== undefined) {
    return {
      kind: 'id-token',
      clientId: client.value,
      idToken: idToken.value,
      source: 'TS_ID_TOKEN',
      ...unused,
    };
  }
  if (client !== undefined && secret !== undefined) {
    return { kind: 'oauth', clientId: client.value, clientSecret: secret.value, ...unused };
  }
  if (secret !== undefined) {
    throw new SpacetailError(
      'credentials_incomplete',
      `${secret.name} is set without TS_OAUTH_CLIENT_ID${beside}`,
    );
  }
  if (idToken !== undefined) {
    throw new SpacetailError(
      'credentials_incomplete',
      `TS_ID_TOKEN is set without TS_CLIENT_ID${beside}`,
      {
        hint: 'Set TS_CLIENT_ID to the id of the federated identity in the admin console.',
      },
    );
  }
  if (client?.name === 'TS_CLIENT_ID') {
    const token = spaceliftToken(variables);
    if (token !== undefined)
      return { kind: 'id-token', clientId: client.value, ...token, ...unused };
  }
  if (client !== undefined) {
    throw new SpacetailError(
      'credentials_incomplete',
      `${client.name} is set without a secret${client.name === 'TS_CLIENT_ID' ? ' or an ID token' : ''}${beside}`,
      {
        hint: 'Set TS_OAUTH_CLIENT_SECRET, or TS_CLIENT_ID with TS_ID_TOKEN for workload identity.',
      },
    );
  }
  const authKey = firstOf(variables, 'TS_AUTHKEY', 'TS_AUTH_KEY');
  if (authKey !== undefined)
    return { kind: 'auth-key', authKey: authKey.value, source: authKey.name };
  if (extra !== undefined) return { kind: 'extra-args', what: extra };
  throw new SpacetailError('credentials_missing', 'no credential to join the tailnet with');
}
