import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
// @ts-expect-error -- socksv5 has no types
import socksv5 from 'socksv5';
import { tcpOrigin } from './origins.ts';
import type { Origin } from './origins.ts';
import type { Teardown } from './teardown.ts';

interface SocksRequest {
  dstAddr: string;
  dstPort: number;
}

/**
 * socksv5's server in the place of tailscaled's SOCKS port: whatever address is asked for, the port is
 * dialled on 127.0.0.1. It knows IPv4 and names only.
 */
export async function fakeSocks(
  t: Teardown,
): Promise<{ host: string; port: number; asked: SocksRequest[] }> {
  const asked: SocksRequest[] = [];
  const server = socksv5.createServer(
    (info: SocksRequest, accept: (raw: true) => Socket | undefined) => {
      asked.push(info);
      const client = accept(true);
      if (client === undefined) return;
      const origin = connect({ host: '127.0.0.1', port: info.dstPort, allowHalfOpen: true });
      origin.on('error', () => {}).on('close', () => client.destroy());
      client.on('error', () => {}).on('close', () => origin.destroy());
      client.pipe(origin).pipe(client);
    },
  );
  server.useAuth(socksv5.auth.None());
  server.listen(0, '127.0.0.1');
  const inner = server._srv as Server;
  await once(inner, 'listening');
  t.teardown(() => server.close());
  return { host: '127.0.0.1', port: (inner.address() as AddressInfo).port, asked };
}

/** A SOCKS port that answers each connection with these bytes (`undefined`: nothing), and may go on from there. */
export async function rawSocks(
  t: Teardown,
  reply: (socket: Socket, request: Buffer) => Buffer | undefined,
): Promise<Origin & { host: string }> {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', (request: Buffer) => {
      const bytes = reply(socket, request);
      if (bytes !== undefined) socket.write(bytes);
    });
  });
  return { ...origin, host: '127.0.0.1' };
}
