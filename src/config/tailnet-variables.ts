/** Which variables are a tailnet's own. */

type Variables = Readonly<Record<string, string>>;

/** Never shared among tailnets: who holds one may join. */
export const tailnetSecrets = [
  'TS_AUTHKEY',
  'TS_AUTH_KEY',
  'TS_OAUTH_CLIENT_SECRET',
  'TS_CLIENT_SECRET',
  'TS_ID_TOKEN',
] as const;

const clientIds = ['TS_OAUTH_CLIENT_ID', 'TS_CLIENT_ID'] as const;

/** Each may carry a tailnet's name. */
export const tailnetVariables: readonly string[] = [
  ...tailnetSecrets,
  ...clientIds,
  'TS_OAUTH_TAGS',
  'TS_AUDIENCE',
  'TS_HOSTNAME',
  'TS_EXTRA_ARGS',
  'TS_TAILSCALED_EXTRA_ARGS',
  'TS_ACCEPT_DNS',
  'TS_SOCKET',
  'TS_STATE_DIR',
  'TS_API_BASE_URL',
];

/**
 * A sentence about a tailnet's variables with the names that are its own: of those that it has, and of secrets,
 * which several do not share.
 */
export function ownNames(
  text: string,
  name: string,
  present: Variables,
  isSeveral: boolean,
): string {
  const suffix = `_${name.toUpperCase()}`;
  return text.replaceAll(/\bTS_[A-Z_]+\b/g, (variable) => {
    const isSecret = (tailnetSecrets as readonly string[]).includes(variable);
    const isOwn = tailnetVariables.includes(variable) && present[variable + suffix] !== undefined;
    return isOwn || (isSecret && isSeveral) ? variable + suffix : variable;
  });
}

const secretFlag = /--?(?:auth-?key|client-secret|id-token)\b/;

/** Whether words such as TS_EXTRA_ARGS hold a secret. */
export function holdsSecret(words: string): boolean {
  return secretFlag.test(words);
}

/**
 * @param name - in lower case
 * @param count - how many tailnets the run has; with one nothing is shared
 * @returns the environment with the tailnet's own variables under their bare names
 */
export function spreadOver(
  variables: Variables,
  name: string,
  count: number,
): Record<string, string> {
  const spread: Record<string, string> = { ...variables };
  const suffix = `_${name.toUpperCase()}`;
  const own = (variable: string): string | undefined => variables[variable + suffix];
  const hasOwnKey = own('TS_AUTHKEY') !== undefined || own('TS_AUTH_KEY') !== undefined;
  for (const variable of tailnetVariables) {
    const value = own(variable) ?? (mayShare(variable) ? variables[variable] : undefined);
    if (value === undefined) delete spread[variable];
    else spread[variable] = value;
  }
  return spread;

  function mayShare(variable: string): boolean {
    if (count === 1) return true;
    if ((tailnetSecrets as readonly string[]).includes(variable)) return false;
    // Half of a client beside a key would be one that is incomplete.
    if ((clientIds as readonly string[]).includes(variable)) return !hasOwnKey;
    return variable !== 'TS_EXTRA_ARGS' || !holdsSecret(variables[variable] ?? '');
  }
}
