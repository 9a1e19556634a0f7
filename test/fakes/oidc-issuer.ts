import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { FederatedIdentity } from './federated-identity.ts';

export interface TokenOptions {
  readonly issuer?: string;
  readonly audience?: string;
  readonly subject?: string;
  /** From now; negative for one that has expired. */
  readonly expiresInSeconds?: number;
  /** Signs with a key that is not published. */
  readonly isForged?: boolean;
}

/** Issues ID tokens as Spacelift does for a run. */
export interface OidcIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** The identity that takes what this issuer signs for the stack `net`, in any run and with any scope. */
  readonly identity: FederatedIdentity;
  token(options?: TokenOptions): Promise<string>;
}

export async function createOidcIssuer(): Promise<OidcIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const other = await generateKeyPair('ES256');
  const issuer = 'https://acme.app.spacelift.io';
  const audience = 'acme.app.spacelift.io';
  return {
    issuer,
    audience,
    identity: {
      issuer,
      audience,
      subjectPattern: 'space:root:stack:net:*',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] },
    },
    token: (options = {}) =>
      new SignJWT({ spaceId: 'root' })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(options.issuer ?? issuer)
        .setAudience(options.audience ?? audience)
        .setSubject(options.subject ?? 'space:root:stack:net:run_type:TRACKED:scope:write')
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + (options.expiresInSeconds ?? 600))
        .sign(options.isForged === true ? other.privateKey : privateKey),
  };
}
