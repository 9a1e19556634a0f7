import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
// @ts-expect-error -- socksv5 has no types
import socksv5 from 'socksv5';
import { tcpOrigin } from './origins.ts';
import type { Origin } from './origins.ts';
import type { Teardown } from './teardown.ts';

const REFUSAL = Buffer.from([5, 1, 0, 1, 0, 0, 0, 0, 0, 0]);

interface SocksRequest {
  dstAddr: string;
  dstPort: number;
}

/**
 * socksv5's server in the place of tailscaled's SOCKS port: whatever address is asked for, the port is
 * dialled on 127.0.0.1. It knows IPv4 and names only.
 *
 * @param halfCloses - whether it passes the end of one direction on alone, as tailscaled does from September 2026 on;
 *   before, the end of one was the end of both
 */
export async function fakeSocks(
  t: Teardown,
  { halfCloses = false } = {},
): Promise<{ host: string; port: number; asked: SocksRequest[] }> {
  const asked: SocksRequest[] = [];
  const open = new Set<Socket>();
  const server = socksv5.createServer(
    (info: SocksRequest & { srcPort: number }, accept: (raw: true) => Socket | undefined) => {
      asked.push(info);
      // socksv5's own refusal is two bytes; tailscaled says reply 1, whatever the reason.
      const deny = (): void => {
        for (const socket of open) if (socket.remotePort === info.srcPort) socket.end(REFUSAL);
      };
      const origin = connect({ host: '127.0.0.1', port: info.dstPort, allowHalfOpen: true });
      origin.on('error', deny).on('connect', () => {
        origin.off('error', deny).on('error', () => {});
        const client = accept(true);
        if (client === undefined) {
          origin.destroy();
          return;
        }
        origin.on('close', () => client.destroy());
        client.on('error', () => {}).on('close', () => origin.destroy());
        client.pipe(origin).pipe(client);
      });
    },
  );
  server.useAuth(socksv5.auth.None());
  server.listen(0, '127.0.0.1');
  const inner = server._srv as Server & { allowHalfOpen: boolean };
  inner.allowHalfOpen = halfCloses;
  inner.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await once(inner, 'listening');
  t.teardown(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
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
