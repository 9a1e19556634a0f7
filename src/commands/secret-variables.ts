/** Which of our variables hold a secret: a command that is run, and what `env --scrub` is for, must not have them. */

const always = [
  'TS_AUTHKEY',
  'TS_AUTH_KEY',
  'TS_OAUTH_CLIENT_SECRET',
  'TS_CLIENT_SECRET',
  'TS_ID_TOKEN',
  'SPACETAIL_PROXY_TOKEN',
];

/** @returns names; the Spacelift token is not ours to take, other tools log in with it */
export function secretVariables(env: NodeJS.ProcessEnv): string[] {
  const names = [...always];
  if (/--?(?:auth-?key|client-secret|id-token)\b/.test(env['TS_EXTRA_ARGS'] ?? ''))
    names.push('TS_EXTRA_ARGS');
  if (/^[^/@]*(?:\/\/)?[^/@]*@/.test(env['SPACETAIL_UPSTREAM_PROXY'] ?? ''))
    names.push('SPACETAIL_UPSTREAM_PROXY');
  return names;
}

export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const secrets = new Set(secretVariables(env));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.has(name)));
}
