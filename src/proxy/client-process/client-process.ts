/**
 * Which process a connection comes from: its socket among the kernel's, the socket's inode, the process
 * with that inode among its descriptors. Never on a request's path but where a rule asks for it.
 */
import type { Socket } from 'node:net';
import { LikelyFirst } from './likely-first.ts';
import {
  describeProcess,
  isRunning,
  justStarted,
  listProcesses,
  scanProcesses,
} from './process-scan.ts';
import type { Wanted } from './process-scan.ts';
import type { ClientProcess } from '../core/request-record.ts';
import { Looks } from '../socket-tables/looks.ts';
import { clientEndOf } from '../socket-tables/connection-end.ts';
import type { ConnectionEnd, Sought } from '../socket-tables/connection-end.ts';
import { SocketTables } from '../socket-tables/socket-table.ts';
import { TimeSlice } from '../socket-tables/time-slice.ts';

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

type Tables = Pick<SocketTables, 'findInodes'>;

/** Looked through before all others. */
const recentProcesses = 16;
/** A flood has some in each look, and clients that live for milliseconds are still there. */
const restMs = 5;
/** After a search that found nothing, so many times its duration pass until the next. */
const restFactor = 9;

/** For SPACETAIL_CLIENT_PROCESS=0. */
export const noClientLookup: ClientLookup = { clientOf: () => Promise.resolve(null) };

export function createClientLookup(): ClientLookup {
  const finder = new ClientFinder(
    '/proc',
    SocketTables.ofKernel(),
    SocketTables.ofKernel({ isPatient: true }),
  );
  const known = new WeakMap<Socket, Promise<ClientProcess | null>>();
  return {
    clientOf(socket) {
      const existing = known.get(socket);
      if (existing !== undefined) return existing;
      const end = clientEndOf(socket);
      const asked =
        end === undefined
          ? Promise.resolve(null)
          : finder.find(end, () => socket.destroyed || socket.readableEnded);
      known.set(socket, asked);
      return asked;
    },
  };
}

/** Answers all requests that wait by one look at the tables. */
export class ClientFinder {
  readonly #procFolder: string;
  readonly #tables: Tables;
  readonly #laterTables: Tables;
  /** Most recent last. */
  readonly #recent = new Set<number>();
  readonly #looks = new Looks<Request>((batch, slice) => this.#answer(batch, slice), { restMs });
  readonly #likelyFirst: LikelyFirst;
  #restUntilMs = 0;

  /** @param laterTables - for while something else is done meanwhile */
  constructor(
    procFolder: string,
    tables: Tables = new SocketTables(procFolder),
    laterTables = tables,
  ) {
    this.#procFolder = procFolder;
    this.#likelyFirst = new LikelyFirst(procFolder);
    this.#tables = tables;
    this.#laterTables = laterTables;
  }

  /** @param isOver - whether the connection is: then its process is not worth a long search */
  find(end: ConnectionEnd, isOver = () => false): Promise<ClientProcess | null> {
    return new Promise((resolve) => {
      this.#looks.ask({ end, isOver, answer: resolve });
    });
  }

  async #answer(batch: readonly Request[], slice: TimeSlice): Promise<void> {
    // What stays unanswered, for whatever reason, is unknown.
    await this.#lookFor(batch, slice).catch(() => undefined);
    for (const request of batch) request.answer(null);
  }

  async #lookFor(batch: readonly Request[], slice: TimeSlice): Promise<void> {
    const inodes = await this.#tables.findInodes(batch, slice);
    const wanted = this.#wanted(inodes);
    await this.#scanLikely(wanted, inodes, slice);
    if (!wanted.isDone() && performance.now() >= this.#restUntilMs) await this.#search(inodes);
  }

  async #scanLikely(wanted: Wanted, inodes: Map<string, Request>, slice: TimeSlice): Promise<void> {
    await scanProcesses(this.#livingRecent(), wanted, this.#procFolder, slice);
    // Who has ended already would not be found by a search either.
    for (const [inode, { isOver }] of inodes) if (isOver()) inodes.delete(inode);
    // Many a client lives for some milliseconds: those that started last are tried before all are listed.
    if (wanted.isDone()) return;
    const started = await justStarted(this.#procFolder, slice);
    await scanProcesses(started, wanted, this.#procFolder, slice);
  }

  /** Looks through all processes, for connections that still stand. */
  async #search(inodes: Map<string, Request>): Promise<void> {
    const startMs = performance.now();
    const soughtCount = inodes.size;
    const wanted = this.#wanted(inodes);
    const checked = this.#forgetGone(inodes).catch(() => 0);
    // Not the look's own clock: what a search costs is kept low by its rests.
    const slice = new TimeSlice();
    const all = await listProcesses(this.#procFolder, slice);
    const pids = all.filter((pid) => !this.#recent.has(pid));
    const inOrder = await this.#likelyFirst.sort(pids, slice);
    await scanProcesses(inOrder, wanted, this.#procFolder, slice);
    const isNobodyFound = (await checked) === soughtCount;
    const endMs = performance.now();
    // A client in another container has a row in our table and no process: do not look for it all day long.
    if (isNobodyFound || !wanted.isDone())
      this.#restUntilMs = endMs + restFactor * (endMs - startMs);
  }

  /**
   * Takes out who has gone since the tables were read, and would be searched for in vain.
   *
   * @returns how many
   */
  async #forgetGone(inodes: Map<string, Request>): Promise<number> {
    const still = await this.#laterTables.findInodes([...inodes.values()], new TimeSlice());
    let count = 0;
    for (const inode of inodes.keys()) if (!still.has(inode)) count += Number(inodes.delete(inode));
    return count;
  }

  #wanted(inodes: Map<string, Request>): Wanted {
    const described = new Map<number, ClientProcess | null>();
    const describe = (pid: number): ClientProcess | null => {
      if (!described.has(pid)) described.set(pid, describeProcess(pid, this.#procFolder) ?? null);
      return described.get(pid) ?? null;
    };
    return {
      isDone: () => inodes.size === 0,
      found: (inode, pid) => {
        const request = inodes.get(inode);
        if (request === undefined) return false;
        inodes.delete(inode);
        const client = describe(pid);
        request.answer(client);
        if (client !== null) this.#remember(client.pid);
        return true;
      },
    };
  }

  /** Newest first. Forgets who has ended: each way into its folder would be an exception. */
  #livingRecent(): number[] {
    const isAlive = (pid: number): boolean => isRunning(pid, this.#procFolder);
    for (const pid of this.#recent) if (!isAlive(pid)) this.#recent.delete(pid);
    return [...this.#recent].toReversed();
  }

  #remember(pid: number): void {
    this.#recent.delete(pid);
    this.#recent.add(pid);
    if (this.#recent.size <= recentProcesses) return;
    const [oldest] = this.#recent;
    if (oldest !== undefined) this.#recent.delete(oldest);
  }
}
