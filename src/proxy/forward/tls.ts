/** TLS that the bridge speaks to an origin, for `https://` in absolute form: verified as any client would. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect, createSecureContext } from 'node:tls';
import type { SecureContext, TLSSocket } from 'node:tls';
import { clientGone } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Connection } from '../dial/connection.ts';
import { streamConnection } from '../dial/connection.ts';

export type Secured =
  | { readonly kind: 'secured'; readonly connection: Connection }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface TlsOptions {
  /** As asked for, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Where Linux distributions keep the certificates of their CAs, as Go's crypto/x509 looks for them. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

const contexts = new Map<string, Promise<SecureContext>>();

/**
 * @param caFile - SSL_CERT_FILE: in the place of the system's
 * @returns never rejects; the connection is closed unless `secured`
 */
export async function secure(
  plain: Connection,
  { host, port, timeoutMs, signal }: TlsOptions,
  caFile: string | undefined,
): Promise<Secured> {
  const secureContext = await contextOf(caFile);
  const { promise, resolve } = Promise.withResolvers<'secured' | Error>();
  const socket = connect({
    socket: plain.socket,
    host,
    // No address is a server name (RFC 6066 3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext,
    ALPNProtocols: ['http/1.1'],
  });
  const onAbort = (): void => void socket.destroy();
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  socket.on('error', resolve);
  socket.once('secureConnect', () => resolve('secured'));
  socket.once('close', () => resolve(new Error('it closed the connection')));
  const result = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  if (result === 'secured') return { kind: 'secured', connection: streamConnection(socket) };
  socket.destroy();
  plain.socket.destroy();
  if (signal.aborted) return { kind: 'failed', failure: clientGone() };
  return { kind: 'failed', failure: tlsFailure(result, socket, `${host}:${port}`) };
}

function tlsFailure(error: Error, socket: TLSSocket, who: string): Failure {
  // Set where the certificate was read and not believed.
  const reason: unknown = socket.authorizationError;
  if (reason) {
    const detail = `the certificate of ${who} cannot be trusted: ${error.message}`;
    const hint = 'Check the certificate, or name its CA in SSL_CERT_FILE before `spacetail up`.';
    return failure('certificate', detail, hint);
  }
  const detail = `${who} does not speak TLS as expected: ${error.message}`;
  return failure('tls', detail, 'Check that the port speaks HTTPS.');
}

async function contextOf(caFile: string | undefined): Promise<SecureContext> {
  const key = caFile ?? '';
  const known = contexts.get(key) ?? readContext(caFile);
  contexts.set(key, known);
  return known;
}

async function readContext(caFile: string | undefined): Promise<SecureContext> {
  for (const path of caFile === undefined ? BUNDLES : [caFile]) {
    const ca = await readFile(path).catch(() => undefined);
    if (ca !== undefined) return createSecureContext({ ca });
  }
  // None: node has Mozilla's list built in.
  return createSecureContext();
}
