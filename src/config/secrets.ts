import type { Config, Credentials } from '../config.ts';

/**
 * Every value that must never be printed, for redaction by value. Short ones are left out: redacting them
 * would blank ordinary words.
 */
export function secretsOf(config: Config, credentials: Credentials | undefined): string[] {
  const fromArgs = config.tailnet.upArgs.flatMap((word, index) => {
    const match = /^--?(?:auth-?key|client-secret|id-token)(?:=(.*))?$/.exec(word);
    return match === null ? [] : [match[1] ?? config.tailnet.upArgs[index + 1]];
  });
  const upstream = config.upstreamProxy === undefined ? null : URL.parse(config.upstreamProxy.url);
  const all = [
    config.proxyToken,
    upstream?.password === '' ? undefined : upstream?.password,
    credentials?.kind === 'auth-key' ? credentials.authKey : undefined,
    credentials?.kind === 'oauth' ? credentials.clientSecret : undefined,
    credentials?.kind === 'id-token' ? credentials.idToken : undefined,
    ...fromArgs,
  ];
  return all.filter((secret): secret is string => secret !== undefined && secret.length >= 6);
}
