/** `spacetail forward [BIND:]PORT:HOST:PORT…`: local TCP ports to tailnet hosts, until a signal. */
import { once } from 'node:events';
import { isIP, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { messageOf, SpacetailError } from '../errors.ts';
import { type ForwardSpec, parseForward } from './forward-spec.ts';
import type { CommandIo } from './io.ts';
import { configOf, listenersOf } from './supervisor.ts';
import { type BridgeAddress, bridgeOf, connectThroughBridge } from './through-bridge.ts';

/** @throws {SpacetailError} `config_invalid`, `not_up`, `listen_failed` */
export async function run(
  options: { readonly forward: readonly string[] },
  io: CommandIo,
): Promise<number> {
  const specs = options.forward.map(parseForward);
  const config = configOf(io);
  if (!(await listenersOf(config, io.signal)).isUp)
    throw new SpacetailError('not_up', `nothing is up in ${config.runtimeDir}`);
  const bridge = await bridgeOf(config, io.env, io.signal);
  const servers: Server[] = [];
  const open = new Set<Socket>();
  try {
    for (const spec of specs) servers.push(await listen(spec, bridge, open, io));
    if (!io.signal.aborted) await once(io.signal, 'abort');
    return 0;
  } finally {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
  }
}

async function listen(
  spec: ForwardSpec,
  bridge: BridgeAddress,
  open: Set<Socket>,
  io: CommandIo,
): Promise<Server> {
  if (isIP(spec.bindHost) === 0) {
    throw new SpacetailError(
      'config_invalid',
      `forward: ${JSON.stringify(spec.bindHost)} is not accepted; accepted: an IP address to bind`,
    );
  }
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
    (client) => {
      open.add(client);
      client.once('close', () => open.delete(client));
      client.on('error', () => client.destroy());
      void carry(client, spec, bridge, io);
    },
  );
  try {
    server.listen(spec.bindPort, spec.bindHost);
    await once(server, 'listening', { signal: io.signal });
  } catch (error) {
    io.signal.throwIfAborted();
    throw new SpacetailError(
      'listen_failed',
      `${spec.bindHost}:${spec.bindPort} cannot be bound: ${messageOf(error)}`,
      {
        hint: 'Another process holds the port: choose another one, or 0 for any.',
        cause: error,
      },
    );
  }
  const { address, port } = server.address() as AddressInfo;
  io.stderr.write(
    `forwarding ${address.includes(':') ? `[${address}]` : address}:${port} to ${nameOf(spec)}\n`,
  );
  return server;
}

function nameOf({ host, port }: ForwardSpec): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function carry(
  client: Socket,
  spec: ForwardSpec,
  bridge: BridgeAddress,
  io: CommandIo,
): Promise<void> {
  const gone = new AbortController();
  client.once('close', () => gone.abort());
  try {
    const tunnel = await connectThroughBridge(
      bridge,
      spec.host,
      spec.port,
      AbortSignal.any([io.signal, gone.signal]),
    );
    if (tunnel.kind === 'refused') {
      io.stderr.write(`${nameOf(spec)}: ${tunnel.reason.replaceAll('\n', ' ')}\n`);
      client.resetAndDestroy();
      return;
    }
    const { socket } = tunnel;
    // A break on either side is a break on the other; an end goes its own way.
    socket.on('error', () => client.resetAndDestroy());
    client.once('close', (hadError) => (hadError ? socket.resetAndDestroy() : undefined));
    socket.once('close', () => (socket.readableEnded ? undefined : client.resetAndDestroy()));
    client.pipe(socket);
    socket.pipe(client);
    if (client.destroyed) socket.destroy();
  } catch (error) {
    if (!gone.signal.aborted && !io.signal.aborted)
      io.stderr.write(`${nameOf(spec)}: ${messageOf(error)}\n`);
    client.resetAndDestroy();
  }
}
