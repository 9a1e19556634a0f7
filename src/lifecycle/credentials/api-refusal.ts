import { SpacetailError } from '../../errors.ts';
import type { ApiAnswer } from './api-client.ts';
import type { IdTokenClaims } from './id-token.ts';

const longestQuote = 300;

/** What the API said itself: `message`, or OAuth's `error_description` and `error` (RFC 6749 section 5.2). */
function said({ status, body }: ApiAnswer): string {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const text = [fields['message'], fields['error_description'], fields['error'], body].find(
    (value) => typeof value === 'string' && value !== '',
  );
  const quoted =
    typeof text === 'string'
      ? `: ${text.replaceAll(/\s+/g, ' ').trim().slice(0, longestQuote)}`
      : '';
  return `the API answered ${status}${quoted}`;
}

const console = 'In the admin console';

/** The token of an OAuth client was refused. */
export function tokenRefused(answer: ApiAnswer): SpacetailError {
  if (answer.status === 404) return wrongBase(answer);
  const hint =
    answer.status === 403
      ? `${console} under Settings, Trust credentials, give the OAuth client the scope auth_keys with write access.`
      : `${console} under Settings, Trust credentials, look whether the OAuth client still exists; set TS_OAUTH_CLIENT_ID and TS_OAUTH_CLIENT_SECRET to its id and secret (tskey-client-…).`;
  return new SpacetailError('oauth_rejected', `the OAuth client was refused; ${said(answer)}`, {
    hint,
  });
}

/** The exchange of an ID token was refused. */
export function exchangeRefused(answer: ApiAnswer, claims: IdTokenClaims): SpacetailError {
  if (answer.status === 404) return wrongBase(answer);
  const { issuer, subject, audience } = claims;
  return new SpacetailError(
    'oauth_rejected',
    `the ID token was refused (issuer ${issuer}, subject ${subject}, audience ${audience.join(', ') || 'none'}); ${said(answer)}`,
    {
      hint: `${console} under Settings, Trust credentials, the federated identity of TS_CLIENT_ID must have this issuer and audience and a subject pattern that matches.`,
    },
  );
}

/** Minting was refused. */
export function keyRefused(answer: ApiAnswer, tags: readonly string[]): SpacetailError {
  if (answer.status === 404) return wrongBase(answer);
  const list = tags.join(', ');
  const aboutTags = answer.status !== 401 && /\btags?\b/i.test(said(answer));
  const scope = `${console} under Settings, Trust credentials, give the client the scope auth_keys with write access and the tags ${list}.`;
  const ownership = `${console} under Access controls, tagOwners must have each of ${list}; and the client must be allowed these tags, or a tag that owns them (Settings, Trust credentials). TS_OAUTH_TAGS chooses the tags.`;
  return new SpacetailError('key_rejected', `no auth key for ${list} was given; ${said(answer)}`, {
    hint: aboutTags ? ownership : scope,
  });
}

function wrongBase(answer: ApiAnswer): SpacetailError {
  return new SpacetailError('api_unreachable', said(answer), {
    hint: 'TS_API_BASE_URL is the address of the API without a path, e.g. https://api.tailscale.com; headscale has no OAuth: use an auth key.',
  });
}

/** 2xx, and something else in it than what was to come. */
export function unreadable(answer: ApiAnswer, wanted: string): SpacetailError {
  return new SpacetailError(
    'api_unreachable',
    `the API answered ${answer.status} without ${wanted}`,
    {
      hint: 'Is TS_API_BASE_URL the address of the Tailscale API?',
    },
  );
}
