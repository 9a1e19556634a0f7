/** Looks at the first bytes of each connection: a plain CONNECT goes to its door at once, the rest to node:http. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { readConnectHead } from './connect-head.ts';
import type { ConnectHead } from './connect-head.ts';

/** A client that says nothing for so long is node:http's, which has the time limits. */
const FIRST_BYTES_MS = 1000;

const ignore = (): void => {};

export interface SortedConnections {
  /** Hands all connections that have not said anything yet to node:http, for it to close idle ones. */
  settle(): void;
}

/**
 * Stands before the server's own listener of connections.
 *
 * @param onConnect - takes over the socket, which is paused, and the bytes after the head
 */
export function sortConnections(
  server: Server,
  onConnect: (head: ConnectHead, socket: Socket, rest: Buffer) => void,
): SortedConnections {
  const others = server.listeners('connection') as ((socket: Socket) => void)[];
  const waiting = new Set<() => void>();
  const toNode = (socket: Socket): void => {
    for (const listener of others) listener.call(server, socket);
  };
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const leave = (): void => {
      clearTimeout(timer);
      waiting.delete(onSilence);
      socket.off('data', onData).off('end', onEnd).off('close', leave);
    };
    const onData = (chunk: Buffer): void => {
      leave();
      socket.pause();
      const head = readConnectHead(chunk);
      if (head === undefined) {
        socket.off('error', ignore);
        socket.unshift(chunk);
        toNode(socket);
        socket.resume();
      } else onConnect(head, socket, chunk.subarray(head.used));
    };
    // It ends without a word.
    const onEnd = (): void => {
      leave();
      socket.end();
    };
    const onSilence = (): void => {
      leave();
      socket.off('error', ignore);
      toNode(socket);
    };
    const timer = setTimeout(onSilence, FIRST_BYTES_MS);
    waiting.add(onSilence);
    socket.on('error', ignore).on('data', onData).on('end', onEnd).on('close', leave);
  });
  return {
    settle() {
      for (const handOver of waiting) handOver();
    },
  };
}
