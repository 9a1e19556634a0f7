import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';

/** What an administrator fills in for a federated identity (Settings, Trust credentials). */
export interface FederatedIdentity {
  readonly issuer: string;
  readonly audience: string;
  /** Of the token's `sub`; `*` stands for any characters. */
  readonly subjectPattern: string;
  /** What the issuer publishes. */
  readonly jwks: JSONWebKeySet;
}

/** Why a token may not be exchanged, or undefined: signature, issuer, audience, expiry and subject, in this order. */
export async function refusalOfIdToken(
  token: string,
  identity: FederatedIdentity,
): Promise<string | undefined> {
  const { issuer, audience, subjectPattern, jwks } = identity;
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer,
      audience,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: 0,
    });
    return matches(payload.sub ?? '', subjectPattern) ? undefined : 'subject';
  } catch (error) {
    return (error as Error).message;
  }
}

function matches(text: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}
