/** Verifies the run's identity token against the issuer that the policy file names. */
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { FetchImplementation, JWTPayload } from 'jose';
import { messageOf } from '../../errors.ts';
import type { OidcSettings } from './policy-file.ts';
import type { VerifiedClaims } from './roles.ts';

export type Verification =
  | { readonly kind: 'verified'; readonly claims: VerifiedClaims }
  /** No role matches then; `detail` never quotes the token. */
  | { readonly kind: 'unverified'; readonly detail: string };

export interface VerifyOptions {
  readonly token: string | undefined;
  readonly oidc: OidcSettings;
  readonly signal: AbortSignal;
  /** For issuers behind an upstream proxy; default `fetch`. */
  readonly fetch?: FetchImplementation;
}

const timeoutMs = 5000;

/**
 * Signature, issuer, audience and times, with the keys that the issuer publishes (OpenID Connect Discovery
 * 1.0, at most 5 s in all). Loads jose: import lazily.
 *
 * @throws the signal's reason
 */
export async function verifyClaims(options: VerifyOptions): Promise<Verification> {
  const { token, oidc, signal } = options;
  if (token === undefined || token === '') return unverified('the run has no OIDC token');
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const fetchWith: FetchImplementation = (url, init) =>
    (options.fetch ?? fetch)(url, { ...init, signal: deadline });
  try {
    const keysUrl = await discoverKeys(oidc.issuer, fetchWith, deadline);
    const keys = createRemoteJWKSet(keysUrl, {
      [customFetch]: fetchWith,
      timeoutDuration: timeoutMs,
    });
    const { payload } = await jwtVerify(token, keys, {
      issuer: oidc.issuer,
      audience: oidc.audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: 30,
    });
    return { kind: 'verified', claims: claimsOf(payload) };
  } catch (error) {
    signal.throwIfAborted();
    return unverified(reasonOf(error, deadline));
  }
}

async function discoverKeys(
  issuer: string,
  fetchWith: FetchImplementation,
  signal: AbortSignal,
): Promise<URL> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  // A redirect could lead to an issuer that the policy does not name.
  const response = await fetchWith(url, {
    headers: new Headers(),
    method: 'GET',
    redirect: 'manual',
    signal,
  });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  const { jwks_uri: keysUri } = (await response.json()) as { jwks_uri?: unknown };
  const keysUrl = typeof keysUri === 'string' ? URL.parse(keysUri) : null;
  if (
    keysUrl === null ||
    (keysUrl.protocol !== 'https:' && keysUrl.origin !== new URL(issuer).origin)
  ) {
    throw new Error(`${url} names no https address of keys`);
  }
  return keysUrl;
}

/** `sub` is `space:<id>:(stack|module):<id>:run_type:<T>:scope:<read|write>` (Spacelift's documentation of OIDC). */
const subject = /^space:([^:]+):(?:stack|module):([^:]+):run_type:([^:]+):scope:(read|write)$/;

function claimsOf(payload: JWTPayload): VerifiedClaims {
  const [, space, stack, runType, scope] = subject.exec(payload.sub ?? '') ?? [];
  return { space, stack, runType, scope: scope as VerifiedClaims['scope'] };
}

function reasonOf(error: unknown, deadline: AbortSignal): string {
  if (deadline.aborted) return `the issuer did not answer within ${timeoutMs / 1000} s`;
  if (error instanceof errors.JOSEError) return `the OIDC token is not accepted: ${error.message}`;
  const cause =
    error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
  return `the issuer's keys cannot be fetched: ${messageOf(error)}${cause}`;
}

function unverified(detail: string): Verification {
  return { kind: 'unverified', detail };
}
