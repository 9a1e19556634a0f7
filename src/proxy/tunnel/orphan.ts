/** Tells whether the other end of a loopback connection was closed by its process, or only half of it. */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** One reading of the tables serves all who ask within this time. */
const SHARED_MS = 500;
/** Of proc(5) net/tcp: local address, remote address, state, …, inode. */
const LOCAL = 1;
const REMOTE = 2;
const INODE = 9;

interface Tables {
  /** `LOCALPORT REMOTEPORT` in hexadecimal of every connection. */
  readonly all: ReadonlySet<string>;
  /** Those of `all` without an owner. */
  readonly orphans: ReadonlySet<string>;
}

let reading: Promise<Tables> | undefined;
let readAtMs = 0;
/** Sockets that a reading did not have, and when that was read: the kernel may leave out one while the table changes. */
const missed = new WeakMap<Socket, number>();

/**
 * After close() the kernel keeps the connection in FIN_WAIT without an owner: its inode is 0. Once it has answered
 * our bytes with a reset, it keeps nothing: our own end is in no table then, in two readings.
 * `false` where that cannot be seen (another network namespace, no proc).
 */
export async function isOrphan(socket: Socket): Promise<boolean> {
  const { remotePort, localPort } = socket;
  if (socket.destroyed || remotePort === undefined || localPort === undefined) return true;
  if (reading === undefined || performance.now() - readAtMs > SHARED_MS) {
    readAtMs = performance.now();
    reading = readTables();
  }
  const readMs = readAtMs;
  const { all, orphans } = await reading;
  if (orphans.has(`${hex(remotePort)} ${hex(localPort)}`)) return true;
  if (all.size === 0 || all.has(`${hex(localPort)} ${hex(remotePort)}`)) {
    missed.delete(socket);
    return false;
  }
  const missedMs = missed.get(socket) ?? readMs;
  missed.set(socket, readMs);
  return missedMs !== readMs;
}

async function readTables(): Promise<Tables> {
  const all = new Set<string>();
  const orphans = new Set<string>();
  const tables = await Promise.all([table('/proc/self/net/tcp'), table('/proc/self/net/tcp6')]);
  for (const line of tables.join('\n').split('\n')) {
    const fields = line.trim().split(/\s+/u);
    if (fields[INODE] === undefined) continue;
    const ports = `${portOf(fields[LOCAL])} ${portOf(fields[REMOTE])}`;
    all.add(ports);
    if (fields[INODE] === '0') orphans.add(ports);
  }
  return { all, orphans };
}

async function table(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch {
    return '';
  }
}

function portOf(address = ''): string {
  return address.slice(address.indexOf(':') + 1);
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
