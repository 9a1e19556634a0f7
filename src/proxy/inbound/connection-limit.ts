/** How many clients may be connected at once, from the number of files the process may open. */
import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';

/** Connections beyond the limit that are answered at one time; those beyond are closed at once. */
const MOST_ANSWERED = 32;
/** Logs, sockets to tailscaled, the control socket, what libuv needs, and the answered ones. */
const RESERVED_FILES = 64 + MOST_ANSWERED;
/** A client and its origin. */
const FILES_EACH = 2;
const MOST = 20_000;
const FEWEST = 16;

/** @param others - files that are needed besides */
export function defaultConnectionLimit(limits: string = readLimits(), others = 0): number {
  const soft = /^Max open files +(?<soft>\d+)/mu.exec(limits)?.groups?.soft;
  if (soft === undefined) return MOST;
  const fitting = Math.floor((Number(soft) - RESERVED_FILES - others) / FILES_EACH);
  return Math.max(FEWEST, Math.min(MOST, fitting));
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}

/**
 * Calls `refuse` for each connection beyond the limit, which both listeners share. It answers and closes;
 * `mayAnswer` is false when so many are being answered that even that would take files from the others.
 */
export function limitConnections(
  servers: readonly Server[],
  limit: number,
  refuse: (socket: Socket, server: Server, mayAnswer: boolean) => void,
): { open: () => readonly Socket[] } {
  const open = new Set<Socket>();
  for (const server of servers) {
    // In the place of the server's own listener, which would serve a refused connection all the same.
    const accept = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      if (open.size > limit) refuse(socket, server, open.size <= limit + MOST_ANSWERED);
      else for (const listener of accept) listener.call(server, socket);
    });
  }
  return { open: () => [...open] };
}
