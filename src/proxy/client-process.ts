/**
 * Which process a connection comes from: its socket in /proc/net/tcp{,6}, the socket's inode, the process
 * with that inode among its descriptors. Never on a request's path but where a rule asks for it.
 */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import {
  describeProcess,
  justStarted,
  listProcesses,
  scanProcesses,
} from './client-process/process-scan.ts';
import type { Wanted } from './client-process/process-scan.ts';
import type { ClientProcess } from './request-record.ts';
import { Budget } from './client-process/budget.ts';
import { needlesOf, SocketTables } from './client-process/socket-table.ts';
import type { ClientSide, Sought } from './client-process/socket-table.ts';
import { TimeSlice } from './client-process/time-slice.ts';

export interface ClientLookup {
  /**
   * The process at the other end of an accepted connection, looked up once for each. Ask as soon as it is
   * accepted: a client that is gone cannot be found. `null` if it cannot; never rejects.
   */
  clientOf(socket: Socket): Promise<ClientProcess | null>;
}

interface Request extends Sought {
  readonly isOver: () => boolean;
  readonly answer: (client: ClientProcess | null) => void;
}

/** Looked through before all others. */
const recentProcesses = 16;
/** After a search that found nothing, so many times its duration pass until the next. */
const restFactor = 9;
/**
 * What looks may take of a core's time. Runs of Terraform stay far below; in a flood of connections those that come while
 * there is nothing left share the next look, since otherwise it would cost more than the connection does. The
 * more so since the tables keep a row for a minute of every connection that was closed.
 */
const lookBudget = { burstMs: 100, share: 0.2 };
const usPerMs = 1000;
/** The line in the log waits so long, and a client may be gone by then. */
const longestPauseMs = 250;

/** For SPACETAIL_CLIENT_PROCESS=0. */
export const noClientLookup: ClientLookup = { clientOf: () => Promise.resolve(null) };

export function createClientLookup(procFolder = '/proc'): ClientLookup {
  const finder = new ClientFinder(procFolder);
  const known = new WeakMap<Socket, Promise<ClientProcess | null>>();
  return {
    clientOf(socket) {
      const existing = known.get(socket);
      if (existing !== undefined) return existing;
      const side = clientSideOf(socket);
      const asked =
        side === undefined
          ? Promise.resolve(null)
          : finder.find(side, () => socket.destroyed || socket.readableEnded);
      known.set(socket, asked);
      return asked;
    },
  };
}

function clientSideOf(socket: Socket): ClientSide | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return {
    clientHost: remoteAddress,
    clientPort: remotePort,
    serverHost: localAddress,
    serverPort: localPort,
  };
}

/** Answers all requests that wait by one look at the tables. */
export class ClientFinder {
  readonly #procFolder: string;
  readonly #tables: Pick<SocketTables, 'findInodes'>;
  /** Most recent last. */
  readonly #recent = new Set<number>();
  #waiting: Request[] = [];
  #isRunning = false;
  #restUntilMs = 0;
  readonly #budget = new Budget(lookBudget);

  constructor(
    procFolder: string,
    tables: Pick<SocketTables, 'findInodes'> = new SocketTables(procFolder),
  ) {
    this.#procFolder = procFolder;
    this.#tables = tables;
  }

  /** @param isOver - whether the connection is: then its process is not worth a long search */
  find(side: ClientSide, isOver = () => false): Promise<ClientProcess | null> {
    return new Promise((resolve) => {
      this.#waiting.push({ needles: needlesOf(side), isOver, answer: resolve });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // The request that the connection is for goes on its way first: reading the tables takes a millisecond or more.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const { waitMs } = this.#budget;
      if (waitMs > 0) await delay(Math.min(waitMs, longestPauseMs));
      const batch = this.#waiting;
      this.#waiting = [];
      // What stays unanswered, for whatever reason, is unknown.
      await this.#answer(batch).catch(() => undefined);
      for (const request of batch) request.answer(null);
    }
    this.#isRunning = false;
  }

  async #answer(batch: readonly Request[]): Promise<void> {
    const beforeMs = TimeSlice.workedMs;
    const before = process.cpuUsage();
    const inodes = await this.#tables.findInodes(batch);
    const wanted = this.#wanted(inodes);
    await this.#scanLikely(wanted, inodes);
    const { user, system } = process.cpuUsage(before);
    // On a busy machine the clock says too much, on a busy bridge the processor's time does.
    this.#budget.spend(Math.min(TimeSlice.workedMs - beforeMs, (user + system) / usPerMs));
    if (!wanted.isDone() && performance.now() >= this.#restUntilMs) await this.#search(inodes);
  }

  async #scanLikely(wanted: Wanted, inodes: Map<string, Request>): Promise<void> {
    await scanProcesses([...this.#recent].toReversed(), wanted, this.#procFolder);
    // Who has ended already would not be found by a search either.
    for (const [inode, { isOver }] of inodes) if (isOver()) inodes.delete(inode);
    // Many a client lives for some milliseconds: those that started last are tried before all are listed.
    if (!wanted.isDone())
      await scanProcesses(justStarted(this.#procFolder), wanted, this.#procFolder);
  }

  /** Looks through all processes, for connections that still stand. */
  async #search(sought: ReadonlyMap<string, Request>): Promise<void> {
    const startMs = performance.now();
    const inodes = await this.#tables.findInodes([...sought.values()]);
    const wanted = this.#wanted(inodes);
    const pids = wanted.isDone() ? [] : await listProcesses(this.#procFolder);
    await scanProcesses(
      pids.filter((pid) => !this.#recent.has(pid)),
      wanted,
      this.#procFolder,
    );
    const endMs = performance.now();
    // A client in another container has a row in our table and no process: do not look for it all day long.
    if (pids.length === 0 || !wanted.isDone())
      this.#restUntilMs = endMs + restFactor * (endMs - startMs);
  }

  #wanted(inodes: Map<string, Request>): Wanted {
    return {
      isDone: () => inodes.size === 0,
      found: (inode, pid) => {
        const request = inodes.get(inode);
        if (request === undefined) return false;
        inodes.delete(inode);
        const client = describeProcess(pid, this.#procFolder) ?? null;
        request.answer(client);
        if (client !== null) this.#remember(client.pid);
        return true;
      },
    };
  }

  #remember(pid: number): void {
    this.#recent.delete(pid);
    this.#recent.add(pid);
    if (this.#recent.size <= recentProcesses) return;
    const [oldest] = this.#recent;
    if (oldest !== undefined) this.#recent.delete(oldest);
  }
}
