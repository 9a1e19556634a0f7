/** Which of our variables hold a secret: a command that is run, and what `env --scrub` is for, must not have them. */

import { holdsSecret, tailnetSecrets } from '../config/tailnet-variables.ts';

const always = [...tailnetSecrets, 'SPACETAIL_PROXY_TOKEN'];
/** With a tailnet's name at its end. */
const named = new RegExp(`^(?:${tailnetSecrets.join('|')})_[A-Z][A-Z0-9_]*$`);

/** @returns names; the Spacelift token is not ours to take, other tools log in with it */
export function secretVariables(env: NodeJS.ProcessEnv): string[] {
  const names = [...always];
  for (const [name, value] of Object.entries(env)) {
    if (named.test(name)) names.push(name);
    if (/^TS_EXTRA_ARGS(?:_|$)/.test(name) && holdsSecret(value ?? '')) names.push(name);
  }
  if (/^[^/@]*(?:\/\/)?[^/@]*@/.test(env['SPACETAIL_UPSTREAM_PROXY'] ?? ''))
    names.push('SPACETAIL_UPSTREAM_PROXY');
  return names;
}

export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const secrets = new Set(secretVariables(env));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.has(name)));
}
