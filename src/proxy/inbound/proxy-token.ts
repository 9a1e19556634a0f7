/** SPACETAIL_PROXY_TOKEN: the password of Basic (RFC 7617) or of SOCKS5 (RFC 1929); any user name. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';

export interface ProxyToken {
  readonly isRequired: boolean;
  isRight(password: string): boolean;
  /** `undefined` when the request may pass. */
  refusalOf(proxyAuthorization: string | undefined): Failure | undefined;
}

export function proxyToken(token: string | undefined): ProxyToken {
  const wanted = token === undefined ? undefined : digest(token);
  const isRight = (password: string): boolean =>
    wanted === undefined || timingSafeEqual(digest(password), wanted);
  return {
    isRequired: wanted !== undefined,
    isRight,
    refusalOf(proxyAuthorization) {
      if (wanted === undefined) return undefined;
      const password = basicPassword(proxyAuthorization);
      if (password !== undefined && isRight(password)) return undefined;
      const said = proxyAuthorization === undefined ? 'no token' : 'a wrong token';
      return failure(
        'token_wrong',
        `the request carries ${said}`,
        'Use the proxy address that `spacetail env` prints: it has the token in it.',
      );
    },
  };
}

function basicPassword(value: string | undefined): string | undefined {
  const encoded = /^basic +(?<encoded>[\w+/=-]+) *$/iu.exec(value ?? '')?.groups?.encoded;
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? undefined : decoded.slice(colon + 1);
}

/** Equal lengths for the comparison, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
