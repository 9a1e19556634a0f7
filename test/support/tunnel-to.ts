import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { openConnection } from '../../src/proxy/dial/connection.ts';
import { tunnel } from '../../src/proxy/tunnel/tunnel.ts';
import type { TunnelOptions } from '../../src/proxy/tunnel/tunnel.ts';
import type { Origin } from './origins.ts';
import type { Teardown } from './teardown.ts';

/** A client connection whose accepted end is one side of a tunnel to `origin`. */
export async function tunnelTo(t: Teardown, origin: Origin, options: Partial<TunnelOptions> = {}) {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const client = connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    allowHalfOpen: true,
  });
  client.on('error', () => {});
  t.teardown(() => client.destroy());
  const [accepted] = (await once(server, 'connection')) as [Socket];
  accepted.on('error', () => {});
  const line = openConnection({ address: '127.0.0.1', port: origin.port, isFixed: true });
  await once(line.socket, 'connect');
  const result = tunnel(accepted, line, {
    clientHead: Buffer.alloc(0),
    holdClientFin: false,
    stallTimeoutMs: 10_000,
    signal: new AbortController().signal,
    ...options,
  });
  return { client, accepted, line, result };
}
