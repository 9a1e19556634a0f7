import { SpacetailError } from '../../errors.ts';

/** What the admin console compares; none of it is a secret. */
export interface IdTokenClaims {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: readonly string[];
}

/**
 * Reads the claims of an ID token without verifying it (the API does), so that what is certain to be
 * refused is said with its reason.
 *
 * @param source where the token came from, e.g. `TS_ID_TOKEN`
 * @throws {SpacetailError} `config_invalid` for no JWT, `oauth_rejected` for an expired one
 */
export async function readIdToken(token: string, source: string): Promise<IdTokenClaims> {
  const { decodeJwt } = await import('jose');
  const claims = (() => {
    try {
      return decodeJwt(token);
    } catch {
      throw new SpacetailError('config_invalid', `${source}: its value is not a JSON Web Token`, {
        hint: 'Accepted is an ID token of three parts with dots between, as the identity provider issues it.',
      });
    }
  })();
  const audiences = claims.aud === undefined ? [] : [claims.aud].flat();
  if (claims.exp !== undefined && claims.exp * 1000 < Date.now()) {
    throw new SpacetailError(
      'oauth_rejected',
      `${source}: the token expired at ${new Date(claims.exp * 1000).toISOString()}`,
      {
        hint: 'ID tokens live for minutes: hand over the one of this very run.',
      },
    );
  }
  return { issuer: claims.iss ?? 'none', subject: claims.sub ?? 'none', audience: audiences };
}
