import type { Config, Credentials } from '../config.ts';

/**
 * Every value that must never be printed, for redaction by value. Short ones are left out: redacting them
 * would blank ordinary words.
 */
export function secretsOf(config: Config, credentials: readonly Credentials[]): string[] {
  const fromArgs = config.tailnets.flatMap(({ tailnet: { upArgs } }) =>
    upArgs.flatMap((word, index) => {
      const match = /^--?(?:auth-?key|client-secret|id-token)(?:=(.*))?$/.exec(word);
      return match === null ? [] : [match[1] ?? upArgs[index + 1]];
    }),
  );
  const upstream = config.upstreamProxy === undefined ? null : URL.parse(config.upstreamProxy.url);
  const all = [
    config.proxyToken,
    ...(upstream === null ? [] : [upstream.password, decodeURIComponent(upstream.password)]),
    ...credentials.map(secretOf),
    ...fromArgs,
  ];
  return [...new Set(all)].filter(
    (secret): secret is string => secret !== undefined && secret.length >= 6,
  );
}

function secretOf(credential: Credentials): string | undefined {
  if (credential.kind === 'auth-key') return credential.authKey;
  if (credential.kind === 'oauth') return credential.clientSecret;
  return credential.kind === 'id-token' ? credential.idToken : undefined;
}
