/** Who does something first on a tunnel over a spare connection: until then another could take its place. */
import type { Socket } from 'node:net';
import { watchClient } from './client-watch.ts';
import type { Connection } from '../dial/connection.ts';

export interface FirstMove {
  readonly by: 'client' | 'origin_spoke' | 'origin_gone';
  /** What the client has sent: not written yet. */
  readonly sent: Buffer;
}

/** Settles with the first byte or end of either side, or with the signal, as if the client had moved. Never rejects. */
export async function firstMove(
  client: Socket,
  line: Connection,
  head: Buffer,
  signal: AbortSignal,
): Promise<FirstMove> {
  const { socket } = line;
  const { promise, resolve } = Promise.withResolvers<FirstMove['by']>();
  const onClient = (): void => resolve('client');
  const onGone = (): void => resolve('origin_gone');
  if (socket.readableEnded || socket.destroyed) onGone();
  else if (head.length > 0 || signal.aborted || client.readableEnded) onClient();
  const unwatch = watchClient(client, onClient);
  client.on('data', onClient);
  client.resume();
  socket.on('end', onGone).on('close', onGone);
  signal.addEventListener('abort', onClient);
  line.readInto((chunk) => {
    line.release(Buffer.from(chunk));
    resolve('origin_spoke');
    return false;
  });
  const by = await promise;
  client.off('data', onClient);
  socket.off('end', onGone).off('close', onGone);
  signal.removeEventListener('abort', onClient);
  if (by === 'client') line.release(Buffer.alloc(0));
  return { by, sent: Buffer.concat([head, unwatch()]) };
}
