import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/**
 * Listens on the wanted port, or on a free one where that is taken: so the first tailnet of a
 * namespace gets 80 and 443, and a second one still runs.
 *
 * @returns the port it got.
 */
export async function listenOn(server: Server, address: string, port: number): Promise<number> {
  try {
    return await listen(server, address, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (port === 0 || (code !== 'EADDRINUSE' && code !== 'EACCES')) throw error;
    return listen(server, address, 0);
  }
}

async function listen(server: Server, address: string, port: number): Promise<number> {
  server.listen(port, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
