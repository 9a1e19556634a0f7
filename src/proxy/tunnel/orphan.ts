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

interface Table {
  /** `LOCALPORT REMOTEPORT` in hexadecimal of every connection that a process holds. */
  readonly held: ReadonlySet<string>;
  /** And of those without an owner. */
  readonly orphans: ReadonlySet<string>;
}

/** One look at the kernel's tables. The second is read only for who is not in the first: each costs a millisecond or more. */
class Reading {
  readonly atMs = performance.now();
  readonly #tables: Promise<Table>[] = [];
  #tookMs = 0;

  isStale(olderThanMs: number): boolean {
    return performance.now() - this.atMs > Math.max(olderThanMs, SHARED_FACTOR * this.#tookMs);
  }

  /** Whether an end (`LOCALPORT REMOTEPORT`) belongs to a process or to nobody; `unknown` where nothing can be seen. */
  async has(end: string): Promise<'held' | 'orphan' | 'nowhere' | 'unknown'> {
    let rows = 0;
    for (const [at, name] of ['tcp', 'tcp6'].entries()) {
      const { held, orphans } = await (this.#tables[at] ??= this.#read(name));
      if (orphans.has(end)) return 'orphan';
      if (held.has(end)) return 'held';
      rows += held.size;
    }
    return rows === 0 ? 'unknown' : 'nowhere';
  }

  async #read(name: string): Promise<Table> {
    const startedMs = performance.now();
    const held = new Set<string>();
    const orphans = new Set<string>();
    for await (const rows of readTable(`/proc/self/net/${name}`)) {
      for (const [, local = '', remote = '', inode] of rows.matchAll(ROW)) {
        (inode === '0' ? orphans : held).add(`${local} ${remote}`);
      }
    }
    this.#tookMs += performance.now() - startedMs;
    return { held, orphans };
  }
}

let reading: Reading | undefined;
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
  if (reading === undefined || reading.isStale(olderThanMs)) reading = new Reading();
  const { atMs } = reading;
  const clientEnd = `${portHex(remotePort)} ${portHex(localPort)}`;
  const isHere = LOOPBACK.test(remoteAddress ?? '');
  const client = await reading.has(clientEnd);
  if (client === 'orphan') return true;
  const seen = isHere ? client : await reading.has(`${portHex(localPort)} ${portHex(remotePort)}`);
  if (seen !== 'nowhere') {
    missed.delete(socket);
    return false;
  }
  const missedMs = missed.get(socket) ?? atMs;
  missed.set(socket, atMs);
  return missedMs !== atMs;
}
