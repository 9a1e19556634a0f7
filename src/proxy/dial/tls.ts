/** TLS on top of a connection, verified by the CAs of Node and of the system (SSL_CERT_FILE, SSL_CERT_DIR). */
import { isIP } from 'node:net';
import { connect, getCACertificates } from 'node:tls';
import type { Connection } from './connection.ts';
import { discard, streamConnection } from './connection.ts';
import type { HandshakeFailure, HandshakeOptions } from './handshake.ts';

export type Secured =
  | { readonly kind: 'secured'; readonly connection: Connection }
  | HandshakeFailure;

let trusted: string[] | undefined;

/**
 * @param connection - connected, and read as a stream; closed unless it is `secured`
 * @param host - the name that the certificate must have, or a literal
 */
export async function secure(
  connection: Connection,
  host: string,
  { timeoutMs, signal }: HandshakeOptions,
): Promise<Secured> {
  trusted ??= [...getCACertificates('default'), ...getCACertificates('system')];
  const { promise, resolve } = Promise.withResolvers<Secured>();
  const socket = connect({
    socket: connection.socket,
    host,
    ca: trusted,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 && { servername: host }),
  });
  const onAbort = (): void => resolve({ kind: 'aborted' });
  const timer = setTimeout(() => resolve({ kind: 'timeout' }), Math.max(0, timeoutMs));
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  socket
    .once('secureConnect', () => resolve({ kind: 'secured', connection: streamConnection(socket) }))
    // Stays: no moment may be without a listener.
    .on('error', ({ code = 'EUNKNOWN' }: NodeJS.ErrnoException) => resolve({ kind: 'cut', code }))
    .once('close', () => resolve({ kind: 'cut', code: 'EOF' }));
  const result = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  if (result.kind !== 'secured') {
    socket.destroy();
    discard(connection);
  }
  return result;
}
