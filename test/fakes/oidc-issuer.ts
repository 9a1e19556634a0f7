import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** Issues ID tokens as Spacelift does for a run. */
export interface OidcIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** The public keys, as `/.well-known/jwks.json` would serve them. */
  readonly jwks: { readonly keys: readonly object[] };
  token(options?: {
    readonly audience?: string;
    readonly expiresInSeconds?: number;
  }): Promise<string>;
}

export async function createOidcIssuer(): Promise<OidcIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const issuer = 'https://acme.app.spacelift.io';
  const audience = 'acme.app.spacelift.io';
  return {
    issuer,
    audience,
    jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] },
    token: (options = {}) =>
      new SignJWT({ spaceId: 'root' })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(issuer)
        .setAudience(options.audience ?? audience)
        .setSubject('space:root:stack:net:run_type:TRACKED:scope:write')
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + (options.expiresInSeconds ?? 600))
        .sign(privateKey),
  };
}
