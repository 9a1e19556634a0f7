import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Teardown } from './teardown.ts';

export interface LoopbackPair {
  readonly client: Socket;
  readonly accepted: Socket;
  /** `:PORT ADDRESS:PORT ` of an end's row in /proc/net/tcp. */
  readonly acceptedEnd: string;
  readonly clientEnd: string;
}

const hex = (port = 0): string => port.toString(16).toUpperCase().padStart(4, '0');
const rowOf = (local?: number, remote?: number): string =>
  `:${hex(local)} 0100007F:${hex(remote)} `;

/** Both ends of a loopback connection that lets either half be closed. */
export async function loopbackPair(t: Teardown): Promise<LoopbackPair> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  accepted.on('error', () => {}).resume();
  t.teardown(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  const { localPort, remotePort } = accepted;
  const ends = {
    acceptedEnd: rowOf(localPort, remotePort),
    clientEnd: rowOf(remotePort, localPort),
  };
  return { client, accepted, ...ends };
}
