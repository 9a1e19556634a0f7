/** An OIDC issuer that answers: what `createOidcIssuer` signs, its keys and discovery on a port of 127.0.0.1. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

interface TokenOptions {
  readonly scope: 'read' | 'write';
  readonly space?: string;
  readonly stack?: string;
  readonly audience?: string;
  /** Signs with a key that is not published. */
  readonly isForged?: boolean;
}

export interface IssuerServer {
  /** The issuer: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly audience: string;
  /** Paths in the order in which they were asked for. */
  readonly asked: string[];
  /** A token with a subject as Spacelift writes it. */
  token(options: TokenOptions): Promise<string>;
}

export async function startIssuer(t: {
  teardown(action: () => unknown): unknown;
}): Promise<IssuerServer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const other = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const audience = 'acme.app.spacelift.io';
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const document =
      request.url === '/keys' ? { keys: [jwk] } : { issuer: url, jwks_uri: `${url}/keys` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url,
    audience,
    asked,
    token: ({ scope, space = 'root', stack = 'net', isForged = false, ...options }) =>
      new SignJWT({ spaceId: space })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(url)
        .setAudience(options.audience ?? audience)
        .setSubject(`space:${space}:stack:${stack}:run_type:TRACKED:scope:${scope}`)
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(isForged ? other.privateKey : privateKey),
  };
}
