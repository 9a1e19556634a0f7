/** Binding and unbinding of one listener. */
import type { AddressInfo, Server } from 'node:net';
import { messageOf, SpacetailError } from '../../errors.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** More than the kernel's somaxconn is cut to it. */
const BACKLOG = 4096;

/**
 * @param variable - the environment variable that moves the listener, for the hint
 * @throws SpacetailError `listen_failed`, naming the address
 */
export async function bind(
  server: Server,
  { host, port }: ListenAddress,
  variable: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host, port, backlog: BACKLOG }, resolve);
  try {
    await promise;
  } catch (error) {
    const isBusy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const why = isBusy ? 'another process listens there' : messageOf(error);
    throw new SpacetailError('listen_failed', `cannot listen on ${host}:${port}: ${why}`, {
      hint: `Stop what holds port ${port}, or set ${variable} to another address.`,
      cause: error,
    });
  } finally {
    server.off('error', reject);
  }
  // accept() fails when no file is left; the client is turned away by the kernel, and the listener lives on.
  server.on('error', () => {});
}

/** As bound; `undefined` before. */
export function addressOf(server: Server): ListenAddress | undefined {
  const address = server.address() as AddressInfo | null;
  return address === null ? undefined : { host: address.address, port: address.port };
}

/** Accepts nobody any more; resolves when all connections are closed. */
export async function closeServer(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => {
    resolve();
  });
  await promise;
}
