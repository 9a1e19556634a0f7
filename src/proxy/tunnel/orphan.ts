/** Tells whether the other end of a loopback connection was closed by its process, or only half of it. */
import type { Socket } from 'node:net';
import { portHex } from '../client-process/socket-table.ts';
import { readTable } from '../client-process/table-rows.ts';

/** One reading of the tables serves all who ask within some time, but at least so many times the time it took. */
const SHARED_MS = 150;
const SHARED_FACTOR = 10;
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
/** Of proc(5) net/tcp: local port, remote port; past st, tx:rx, tr:tm, retrnsmt, uid and timeout the inode. */
const ROW = /:([\dA-F]{4}) [\dA-F]+:([\dA-F]{4}) \S+ \S+ \S+ \S+ +\d+ +\d+ (\d+)/g;

interface Tables {
  /** `LOCALPORT REMOTEPORT` in hexadecimal of every connection that a process holds. */
  readonly held: ReadonlySet<string>;
  /** And of those without an owner. */
  readonly orphans: ReadonlySet<string>;
}

let reading: Promise<Tables> | undefined;
let readAtMs = 0;
let tookMs = 0;
/** Sockets that a reading did not have, and when that was read: the kernel may leave out one while the table changes. */
const missed = new WeakMap<Socket, number>();

/**
 * After close() the kernel keeps the connection in FIN_WAIT without an owner: its inode is 0. Where it keeps nothing,
 * since it has answered our bytes with a reset or has too many of these already, the client's end is in no table, in
 * two readings. A client elsewhere than on loopback may be in another network namespace: then it is our own end that
 * has to be missing. `false` where nothing can be seen (no proc).
 *
 * @param olderThanMs - a reading that is older does not serve, unless the last one took long
 */
export async function isOrphan(socket: Socket, olderThanMs = SHARED_MS): Promise<boolean> {
  const { remoteAddress, remotePort, localPort } = socket;
  if (socket.destroyed || remotePort === undefined || localPort === undefined) return true;
  if (
    reading === undefined ||
    performance.now() - readAtMs > Math.max(olderThanMs, SHARED_FACTOR * tookMs)
  ) {
    readAtMs = performance.now();
    reading = readTables();
  }
  const readMs = readAtMs;
  const { held, orphans } = await reading;
  const clientEnd = `${portHex(remotePort)} ${portHex(localPort)}`;
  if (orphans.has(clientEnd)) return true;
  const isHere = LOOPBACK.test(remoteAddress ?? '');
  if (
    held.size === 0 ||
    held.has(isHere ? clientEnd : `${portHex(localPort)} ${portHex(remotePort)}`)
  ) {
    missed.delete(socket);
    return false;
  }
  const missedMs = missed.get(socket) ?? readMs;
  missed.set(socket, readMs);
  return missedMs !== readMs;
}

async function readTables(): Promise<Tables> {
  const held = new Set<string>();
  const orphans = new Set<string>();
  const startedMs = performance.now();
  for (const name of ['tcp', 'tcp6']) {
    for await (const rows of readTable(`/proc/self/net/${name}`)) {
      for (const [, local = '', remote = '', inode] of rows.matchAll(ROW)) {
        (inode === '0' ? orphans : held).add(`${local} ${remote}`);
      }
    }
  }
  tookMs = performance.now() - startedMs;
  return { held, orphans };
}
