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
  if (isHtml(answer)) return noJson(answer);
  if (answer.status === 404 || answer.status < 400) return wrongBase(answer);
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
  if (isHtml(answer)) return noJson(answer);
  if (answer.status === 404 || answer.status < 400) return wrongBase(answer);
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
  if (isHtml(answer)) return noJson(answer);
  if (answer.status === 404 || answer.status < 400) return wrongBase(answer);
  const list = tags.join(', ');
  const aboutTags = answer.status !== 401 && /\btags?\b/i.test(said(answer));
  const scope = `${console} under Settings, Trust credentials, give the client the scope auth_keys with write access and the tags ${list}.`;
  const ownership = `Set TS_OAUTH_TAGS to all the tags of the client (Settings, Trust credentials), or to a tag that one of them owns (tagOwners under Access controls).`;
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
  if (typeof answer.body === 'string') return noJson(answer);
  return new SpacetailError(
    'api_unreachable',
    `the API answered ${answer.status} without ${wanted}`,
    { hint: 'Is TS_API_BASE_URL the address of the Tailscale API?' },
  );
}

/** A page of HTML is never the API's: something stands between, or the address is another server's. */
function isHtml({ body }: ApiAnswer): boolean {
  return typeof body === 'string' && /^\s*</.test(body);
}

const longestWords = 100;

function noJson({ status, body }: ApiAnswer): SpacetailError {
  const words = firstWords(String(body));
  return new SpacetailError(
    'api_unreachable',
    `the API answered ${status} and no JSON: ${words === '' ? 'nothing at all' : words}`,
    {
      hint: 'A proxy or a login page may have answered in its place, or it was cut off: look at SPACETAIL_UPSTREAM_PROXY and TS_API_BASE_URL.',
    },
  );
}

/** Half of an answer may hold a whole token. */
function firstWords(text: string): string {
  return text
    .replaceAll(/("[^"]*(?:key|token|secret)[^"]*"\s*:\s*)"[^"]*"?/gi, '$1"[redacted]"')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, longestWords);
}
