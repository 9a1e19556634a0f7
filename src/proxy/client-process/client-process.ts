/**
 * Which process a connection comes from: its socket in the kernel's table, the socket's inode, the process with that
 * inode among its descriptors. Off a request's path, but where a rule asks for it.
 */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { within } from '../../async.ts';
import type { ClientProcess } from '../core/request-record.ts';
import { describeProcess, listProcesses, scanProcesses } from './process-table.ts';
import {
  clientEndOf,
  type ConnectionEnd,
  NOBODY,
  type SharedSocketTable,
  sharedSocketTable,
} from './socket-table.ts';

export interface ClientLookup {
  /**
   * The process at the other end of an accepted connection, looked up once for each. Ask as soon as it is
   * accepted: a client that is gone cannot be found. `null` if it cannot; never rejects.
   */
  clientOf(socket: Socket): Promise<ClientProcess | null>;
}

/** How long one waits for the client's process; the table of processes may be long. */
const LOOKUP_MS = 2000;
/** Looked through before all others. */
const MOST_KNOWN = 16;
/** After a search for a client that stands and is nobody's here, so many times its duration pass until the next. */
const REST_FACTOR = 9;

/** For SPACETAIL_CLIENT_PROCESS=0. */
export const noClientLookup: ClientLookup = { clientOf: () => Promise.resolve(null) };

export function createClientLookup(finder = new ClientFinder()): ClientLookup {
  const asked = new WeakMap<Socket, Promise<ClientProcess | null>>();
  const look = async (socket: Socket): Promise<ClientProcess | null> => {
    const end = clientEndOf(socket);
    // The request that the connection is for goes on its way first.
    await nextTurn();
    return end === undefined ? null : finder.find(end).catch(() => null);
  };
  return {
    clientOf(socket) {
      const client = asked.get(socket) ?? look(socket);
      asked.set(socket, client);
      return client;
    },
  };
}

/** The client, or `null` where it is not known in time. Never rejects. */
export async function clientInTime(
  asked: Promise<ClientProcess | null>,
): Promise<ClientProcess | null> {
  try {
    return (await within(LOOKUP_MS, asked)) ?? null;
  } catch {
    return null;
  }
}

type Found = (client: ClientProcess | null) => void;

export class ClientFinder {
  readonly #procFolder: string;
  readonly #table: Pick<SharedSocketTable, 'read'>;
  /** Pids of clients, most recent last. */
  readonly #known = new Set<number>();
  #waiting = new Map<string, Found[]>();
  #isSearching = false;
  #restUntilMs = 0;

  constructor(procFolder = '/proc', table: Pick<SharedSocketTable, 'read'> = sharedSocketTable) {
    this.#procFolder = procFolder;
    this.#table = table;
  }

  async find(end: ConnectionEnd): Promise<ClientProcess | null> {
    const inode = (await this.#table.read()).inodeOf(end);
    if (inode === undefined || inode === NOBODY) return null;
    const startMs = performance.now();
    const client = await this.#holderOf(inode);
    const tookMs = performance.now() - startMs;
    if (client === null && (await this.#table.read()).inodeOf(end) === inode) {
      // A client in another container has a row in our table and no process: do not look for it all day long.
      this.#restUntilMs = performance.now() + REST_FACTOR * tookMs;
    }
    return client;
  }

  /** Who waits meanwhile shares the next search. */
  #holderOf(inode: string): Promise<ClientProcess | null> {
    const { promise, resolve } = Promise.withResolvers<ClientProcess | null>();
    this.#waiting.set(inode, [...(this.#waiting.get(inode) ?? []), resolve]);
    if (!this.#isSearching) void this.#searchAll();
    return promise;
  }

  async #searchAll(): Promise<void> {
    this.#isSearching = true;
    while (this.#waiting.size > 0) {
      const wanted = this.#waiting;
      this.#waiting = new Map();
      // What stays unanswered, for whatever reason, is unknown.
      await this.#search(wanted).catch(() => undefined);
      for (const waiting of wanted.values()) for (const answer of waiting) answer(null);
    }
    this.#isSearching = false;
  }

  async #search(wanted: Map<string, Found[]>): Promise<void> {
    const found = (inode: string, pid: number): 'done' | 'more' => {
      const waiting = wanted.get(inode);
      if (waiting !== undefined) {
        const client = describeProcess(pid, this.#procFolder) ?? null;
        for (const answer of waiting) answer(client);
        wanted.delete(inode);
        this.#remember(pid);
      }
      return wanted.size === 0 ? 'done' : 'more';
    };
    await scanProcesses([...this.#known].toReversed(), this.#procFolder, found);
    if (wanted.size === 0 || performance.now() < this.#restUntilMs) return;
    const others = listProcesses(this.#procFolder).filter((pid) => !this.#known.has(pid));
    await scanProcesses(others, this.#procFolder, found);
  }

  #remember(pid: number): void {
    this.#known.delete(pid);
    this.#known.add(pid);
    const [oldest] = this.#known;
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}
