import { type Config, type Credentials, credentialsOf, type NamedTailnet } from '../../config.ts';
import { SpacetailError } from '../../errors.ts';
import { describeCredential } from '../../lifecycle/credentials/credentials.ts';
import { failure, type Finding, ok, warning } from './check.ts';

const name = 'credentials';

/** The shape only: nothing is sent anywhere, and no part of a secret is printed. */
export function checkCredentials(config: Config, env: NodeJS.ProcessEnv): Finding[] {
  return config.tailnets.map((member) => {
    const finding = checkOne(config, env, member);
    return member.name === '' ? finding : { ...finding, text: `${member.name}: ${finding.text}` };
  });
}

function checkOne(config: Config, env: NodeJS.ProcessEnv, member: NamedTailnet): Finding {
  let credentials: Credentials;
  try {
    credentials = credentialsOf(env, config, member);
  } catch (error) {
    if (!(error instanceof SpacetailError)) throw error;
    return failure(name, error.message, error.hint);
  }
  // Another control server makes keys of other shapes.
  const isTailscale = !member.tailnet.upArgs.some((word) => /^--?login-server\b/.test(word));
  const problem = isTailscale ? shapeProblem(credentials) : undefined;
  return problem === undefined
    ? ok(name, describeCredential(credentials))
    : warning(name, ...problem);
}

function shapeProblem(credentials: Credentials): [text: string, hint: string] | undefined {
  if (credentials.kind === 'auth-key') {
    const { authKey, source } = credentials;
    if (authKey.startsWith('tskey-client-')) {
      return [
        `${source} holds an OAuth client's secret, not an auth key`,
        'Set TS_OAUTH_CLIENT_ID and TS_OAUTH_CLIENT_SECRET instead.',
      ];
    }
    if (authKey.startsWith('tskey-api-'))
      return [
        `${source} holds an API key, not an auth key`,
        'Make an auth key in the admin console.',
      ];
    if (!/^tskey-[\w-]{8,}$/.test(authKey))
      return [`${source} does not look like a Tailscale auth key`, 'It begins with tskey-auth-.'];
  }
  if (credentials.kind === 'oauth' && !/^tskey-client-[\w-]{8,}$/.test(credentials.clientSecret)) {
    return ["the OAuth client's secret does not look like one", 'It begins with tskey-client-.'];
  }
  if (credentials.kind === 'id-token') return tokenProblem(credentials.idToken, credentials.source);
  return undefined;
}

function tokenProblem(token: string, source: string): [text: string, hint: string] | undefined {
  try {
    const claims = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    ) as { exp?: unknown };
    if (typeof claims.exp !== 'number' || claims.exp * 1000 > Date.now()) return undefined;
    return [
      `the ID token of ${source} has expired`,
      'A Spacelift token lives as long as its run: use the one of this run.',
    ];
  } catch {
    return [
      `${source} does not hold a JSON Web Token`,
      'It has three parts with dots between them.',
    ];
  }
}
