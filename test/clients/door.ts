/** A port on a node of the tailnet that leads to a service and remembers who has come through it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { HasTeardown } from '../support/tmp-folder.ts';
import { clientNode, isHeld } from '../tailnet/servers/client-node.ts';

export interface Door {
  /** On 127.0.0.1 and ::1, so at each node's addresses. */
  readonly port: number;
  /**
   * For each connection that was made or used, the node whose tailscaled has made it; null: somebody came by the host's
   * own network, or said something and was gone before that could be told. One that went without a word is left out: a
   * node does that when its client gives up amid a dial.
   */
  visitors(): readonly (string | null)[];
  /** Forgets the visitors so far. */
  forget(): void;
}

/** Opens a door to a TCP port of 127.0.0.1; it is closed with the test. */
export async function openDoor(t: HasTeardown, servicePort: number): Promise<Door> {
  const seen = new Map<Socket, string | null>();
  const open = new Set<Socket>();
  const onVisit = (visitor: Socket): void => {
    const [clientPort, ownPort] = [visitor.remotePort ?? 0, visitor.localPort ?? 0];
    const node = clientNode(clientPort, ownPort) ?? null;
    // Noted when it speaks, too: the bridge may keep a connection for the next request.
    if (node !== null || isHeld(clientPort, ownPort)) seen.set(visitor, node);
    visitor.on('data', () => seen.set(visitor, node));
    const service = connect({ port: servicePort, host: '127.0.0.1', allowHalfOpen: true });
    for (const [socket, other] of [
      [visitor, service],
      [service, visitor],
    ] as const) {
      open.add(socket);
      socket.setNoDelay(true).on('error', () => other.resetAndDestroy());
      socket.once('close', () => open.delete(socket));
      socket.pipe(other);
    }
  };
  const servers: Server[] = [];
  let port = 0;
  for (const address of ['127.0.0.1', '::1']) {
    const server = createServer({ allowHalfOpen: true }, onVisit).listen(port, address);
    await once(server, 'listening');
    servers.push(server);
    port = (server.address() as AddressInfo).port;
  }
  t.teardown(() => {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
  });
  return { port, visitors: () => [...seen.values()], forget: () => seen.clear() };
}
