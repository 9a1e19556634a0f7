/**
 * Which process a connection comes from: its socket in /proc/net/tcp{,6}, the socket's inode, the process
 * with that inode among its descriptors. Never on a request's path but where a rule asks for it.
 */
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describeProcess, listProcesses, scanProcesses } from './client-process/process-scan.ts';
import type { Wanted } from './client-process/process-scan.ts';
import type { ClientProcess } from './request-record.ts';
import { needlesOf, SocketTables } from './client-process/socket-table.ts';
import type { ClientSide, Sought } from './client-process/socket-table.ts';

export interface ClientLookup {
  /**
   * The process at the other end of an accepted connection, looked up once for each. Ask as soon as it is
   * accepted: a client that is gone cannot be found. `null` if it cannot; never rejects.
   */
  clientOf(socket: Socket): Promise<ClientProcess | null>;
}

interface Request extends Sought {
  readonly answer: (client: ClientProcess | null) => void;
}

/** Looked through before all others. */
const recentProcesses = 32;
/** After a look through all processes that found nothing, so many times its duration pass until the next. */
const restFactor = 9;
/** A look at the tables that took longer is followed by a pause of so many times its duration. */
const longLookMs = 1;
const pauseFactor = 4;
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
      const asked = side === undefined ? Promise.resolve(null) : finder.find(side);
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
  readonly #tables: Pick<SocketTables, 'findInodes' | 'workedMs'>;
  /** Most recent last. */
  readonly #recent = new Set<number>();
  #waiting: Request[] = [];
  #isRunning = false;
  #restUntilMs = 0;
  #lookedMs = 0;

  constructor(
    procFolder: string,
    tables: Pick<SocketTables, 'findInodes' | 'workedMs'> = new SocketTables(procFolder),
  ) {
    this.#procFolder = procFolder;
    this.#tables = tables;
  }

  find(side: ClientSide): Promise<ClientProcess | null> {
    return new Promise((resolve) => {
      this.#waiting.push({ needles: needlesOf(side), answer: resolve });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      await this.#pause();
      const batch = this.#waiting;
      this.#waiting = [];
      // What stays unanswered, for whatever reason, is unknown.
      await this.#answer(batch).catch(() => undefined);
      for (const request of batch) request.answer(null);
    }
    this.#isRunning = false;
  }

  /**
   * The tables keep a row for a minute of every connection that was closed: after some thousands of short ones
   * a look costs more than a request does. Those that come meanwhile share the next one.
   */
  async #pause(): Promise<void> {
    const { workedMs } = this.#tables;
    const pauseMs = this.#lookedMs + pauseFactor * workedMs - performance.now();
    if (workedMs > longLookMs && pauseMs > 0) await delay(Math.min(pauseMs, longestPauseMs));
  }

  async #answer(batch: readonly Request[]): Promise<void> {
    const inodes = await this.#tables.findInodes(batch);
    this.#lookedMs = performance.now();
    if (inodes.size === 0) return;
    const wanted = this.#wanted(inodes);
    await scanProcesses([...this.#recent].toReversed(), wanted, this.#procFolder);
    // A client in another container has a row in our table and no process: do not look for it all day long.
    if (wanted.isDone() || performance.now() < this.#restUntilMs) return;
    await this.#scanAll(wanted);
  }

  async #scanAll(wanted: Wanted): Promise<void> {
    const startMs = performance.now();
    const pids = await listProcesses(this.#procFolder);
    await scanProcesses(
      pids.filter((pid) => !this.#recent.has(pid)),
      wanted,
      this.#procFolder,
    );
    const endMs = performance.now();
    if (!wanted.isDone()) this.#restUntilMs = endMs + restFactor * (endMs - startMs);
  }

  #wanted(inodes: Map<string, Request>): Wanted {
    return {
      isDone: () => inodes.size === 0,
      found: (inode, pid) => {
        const request = inodes.get(inode);
        if (request === undefined) return false;
        inodes.delete(inode);
        request.answer(describeProcess(pid, this.#procFolder) ?? null);
        this.#remember(pid);
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
