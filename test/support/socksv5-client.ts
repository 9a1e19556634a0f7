import type { Socket } from 'node:net';
// @ts-expect-error -- socksv5 has no types
import socksv5 from 'socksv5';

export interface SocksTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * A connection by socksv5's own client, which resolves nothing itself; IPv4 and names only.
 *
 * @throws its error when it is refused, or closed during the handshake
 */
export async function connectBySocksv5(
  socksPort: number,
  target: SocksTarget,
  password?: string,
): Promise<Socket> {
  const auth =
    password === undefined ? socksv5.auth.None() : socksv5.auth.UserPassword('anybody', password);
  const client = new socksv5.Client({
    proxyHost: '127.0.0.1',
    proxyPort: socksPort,
    localDNS: false,
    auths: [auth],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  client
    .on('connect', resolve)
    .on('error', reject)
    .on('close', () => reject(new Error('closed')));
  client.connect(target);
  return promise;
}
