/** `spacetail nc HOST PORT`: stdin and stdout through the tailnet, for SSH's ProxyCommand. */
import { closeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Socket } from 'node:net';
import { SpacetailError } from '../errors.ts';
import { type CommandIo, print } from './io.ts';
import { configOf } from './supervisor.ts';
import { bridgeOf, connectThroughBridge } from './through-bridge.ts';

export interface NcOptions {
  readonly host: string;
  readonly port: string;
}

/** @throws {SpacetailError} `config_invalid`, `not_up` */
export async function run(options: NcOptions, io: CommandIo): Promise<number> {
  const port = parsePort(options.port);
  const host = options.host.replaceAll(/(?<=^|!)\[|\]$/g, '');
  if (!/^(?:[a-z]\w*!)?[\w.:~%-]+$/i.test(host))
    throw new SpacetailError(
      'config_invalid',
      `HOST: ${JSON.stringify(options.host)} is not a host`,
    );
  const bridge = await bridgeOf(configOf(io), io.env, io.signal);
  const tunnel = await connectThroughBridge(bridge, host, port, io.signal);
  if (tunnel.kind === 'refused') {
    await print(io.stderr, `spacetail nc: ${tunnel.reason}\n`);
    return 1;
  }
  return await join(tunnel.socket, io);
}

export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new SpacetailError(
    'config_invalid',
    `PORT: ${JSON.stringify(text)} is not accepted; accepted: 1 to 65535`,
  );
}

/** Each direction ends for itself; over when both have, or when the connection broke. */
async function join(socket: Socket, io: CommandIo): Promise<number> {
  const abort = (): unknown => socket.destroy(io.signal.reason as Error);
  io.signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.all([sendAll(io.stdin, socket), receiveAll(socket, io.stdout)]);
    return 0;
  } catch (error) {
    io.signal.throwIfAborted();
    // A peer that has closed both ways answers what we still send with a reset: it has all it wanted.
    if (socket.readableEnded) return 0;
    await print(io.stderr, `spacetail nc: the connection broke: ${(error as Error).message}\n`);
    return 1;
  } finally {
    io.signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

async function sendAll(stdin: Readable, socket: Socket): Promise<void> {
  stdin.pipe(socket);
  await finished(socket, { readable: false });
}

async function receiveAll(socket: Socket, stdout: Writable): Promise<void> {
  socket.pipe(stdout, { end: false });
  await finished(socket, { writable: false });
  await print(stdout, '');
  // Node keeps fd 1 open for ever, and who reads from us waits for its end while stdin is still open.
  if (stdout === process.stdout) closeSync(1);
  else stdout.end();
}
