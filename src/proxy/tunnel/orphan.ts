/** Tells whether the other end of a loopback connection was closed by its process, or only half of it. */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Looks } from '../socket-tables/looks.ts';
import { clientEndOf, otherEndOf } from '../socket-tables/connection-end.ts';
import type { ConnectionEnd, Sought } from '../socket-tables/connection-end.ts';
import { SocketTables } from '../socket-tables/socket-table.ts';

const ANSWERED_AT_ONCE = 4;
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

type Finding =
  | 'held'
  /** The kernel has it without a process. */
  | 'orphan'
  | 'nowhere'
  /** Nothing can be seen. */
  | 'unknown';

interface Asked extends Sought {
  readonly answer: (finding: Finding) => void;
}

const tables = SocketTables.ofKernel({ isPatient: true });

/**
 * Where tables have to be read, one walk of the kernel's at a time, and the next after about a hundred milliseconds:
 * nobody is kept waiting by a FIN that is held, and tunnels one after the other would otherwise each have the walk for
 * the one before in their way.
 */
const budget = { burstMs: 5, share: 0.03 };

const looks = new Looks<Asked>(
  async (batch, slice) => {
    const findings = new Map<Asked, Finding>();
    const hasRows = await tables
      .find(batch, slice, (asked, { inode }) => {
        findings.set(asked, inode === '0' ? 'orphan' : 'held');
        return true;
      })
      .catch(() => false);
    for (const [at, asked] of batch.entries()) {
      asked.answer(findings.get(asked) ?? (hasRows ? 'nowhere' : 'unknown'));
      // Whoever asked closes a tunnel now: a hundred at once would be in the way of the others for 10 ms.
      if (at % ANSWERED_AT_ONCE === ANSWERED_AT_ONCE - 1) await nextTurn();
    }
  },
  { budget },
);

async function find(end: ConnectionEnd): Promise<Finding> {
  return new Promise((answer) => looks.ask({ end, answer }));
}

const underWay = new WeakMap<Socket, Promise<boolean>>();
/** Sockets whose other end was not to be found: the kernel may leave out one while the table changes. */
const missed = new WeakSet<Socket>();

/**
 * After close() the kernel keeps the connection in FIN_WAIT without an owner: its inode is 0. Where it keeps nothing,
 * since it has answered our bytes with a reset or has too many of these already, the client's end is in no table, in
 * two looks. A client elsewhere than on loopback may be in another network namespace: then it is our own end that
 * has to be missing. `false` where nothing can be seen (no proc).
 */
export async function isOrphan(socket: Socket): Promise<boolean> {
  // Who asks at the same time gets the same answer: two of one look would count as two looks.
  const asked =
    underWay.get(socket) ??
    ask(socket)
      .catch(() => false)
      .finally(() => underWay.delete(socket));
  underWay.set(socket, asked);
  return asked;
}

async function ask(socket: Socket): Promise<boolean> {
  const client = clientEndOf(socket);
  if (socket.destroyed || client === undefined) return true;
  const isHere = LOOPBACK.test(client.local.host);
  const [theirs, ours] = await Promise.all([
    find(client),
    isHere ? undefined : find(otherEndOf(client)),
  ]);
  if (theirs === 'orphan') return true;
  if ((ours ?? theirs) !== 'nowhere') {
    missed.delete(socket);
    return false;
  }
  const isSecond = missed.has(socket);
  missed.add(socket);
  return isSecond;
}
