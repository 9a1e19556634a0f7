/** Tells whether the other end of a loopback connection was closed by its process, or only half of it. */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';

/** One reading of the tables serves all who ask within this time. */
const SHARED_MS = 500;
/** Of proc(5) net/tcp: local address, remote address, state, …, inode. */
const LOCAL = 1;
const REMOTE = 2;
const INODE = 9;

let reading: Promise<Set<string>> | undefined;
let readAtMs = 0;

/**
 * After close() the kernel keeps the connection in FIN_WAIT without an owner: its inode is 0.
 * `false` where that cannot be seen (another network namespace, no proc).
 */
export async function isOrphan(socket: Socket): Promise<boolean> {
  const { remotePort, localPort } = socket;
  if (socket.destroyed || remotePort === undefined || localPort === undefined) return true;
  if (reading === undefined || performance.now() - readAtMs > SHARED_MS) {
    readAtMs = performance.now();
    reading = orphans();
  }
  return (await reading).has(`${hex(remotePort)} ${hex(localPort)}`);
}

/** `LOCALPORT REMOTEPORT` in hexadecimal of every connection without an owner. */
async function orphans(): Promise<Set<string>> {
  const found = new Set<string>();
  const tables = await Promise.all([table('/proc/self/net/tcp'), table('/proc/self/net/tcp6')]);
  for (const line of tables.join('\n').split('\n')) {
    const fields = line.trim().split(/\s+/u);
    if (fields[INODE] === '0') found.add(`${portOf(fields[LOCAL])} ${portOf(fields[REMOTE])}`);
  }
  return found;
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
