/** Finds the inode of the socket at a connection's other end: by asking the kernel for it, or in /proc/net/tcp and tcp6. */
import type { Row, Sought } from './connection-end.ts';
import { socketDiag } from './socket-diag.ts';
import type { SocketDiag } from './socket-diag.ts';
import { readTable } from './table-rows.ts';
import type { TableOptions } from './table-rows.ts';
import type { TimeSlice } from './time-slice.ts';
import { WantedRows } from './wanted-rows.ts';

/** @param item - of those that were sought; `true`: look no further for this one */
type Settle<Item> = (item: Item, row: Row) => boolean;

/** The kernel's tables of TCP sockets. */
export class SocketTables {
  readonly #folder: string;
  readonly #options: TableOptions;
  readonly #diag: SocketDiag | undefined;

  /**
   * @param procFolder - `/proc`, or one of a process
   * @param diag - is asked first; that of the kernel whose tables these are
   */
  constructor(procFolder: string, options: TableOptions = {}, diag?: SocketDiag) {
    this.#folder = `${procFolder}/net`;
    this.#options = options;
    this.#diag = diag;
  }

  /** This process's. */
  static ofKernel(options?: TableOptions): SocketTables {
    return new SocketTables('/proc/self', options, socketDiag);
  }

  /**
   * Looks once for all that is sought.
   *
   * @returns by the inode of each that was found; a connection that is gone already has none
   */
  async findInodes<Item extends Sought>(
    sought: readonly Item[],
    slice: TimeSlice,
  ): Promise<Map<string, Item>> {
    const found = new Map<string, Item>();
    await this.find(sought, slice, (item, { inode }) => {
      // Closed (TIME_WAIT): the same addresses may be used again already.
      if (inode === '0') return false;
      found.set(inode, item);
      return true;
    });
    return found;
  }

  /**
   * Looks once for all that is sought.
   *
   * @param settle - is given what was found
   * @returns whether connections can be seen here, of anybody: else that there was none says nothing
   */
  async find<Item extends Sought>(
    sought: readonly Item[],
    slice: TimeSlice,
    settle: Settle<Item>,
  ): Promise<boolean> {
    const unanswered = await this.#ask(sought, slice, settle);
    if (unanswered.length === 0) return true;
    return this.#read(unanswered, slice, settle);
  }

  /** @returns those of which the tables have to be read */
  async #ask<Item extends Sought>(
    sought: readonly Item[],
    slice: TimeSlice,
    settle: Settle<Item>,
  ): Promise<readonly Item[]> {
    const diag = this.#diag;
    if (diag === undefined) return sought;
    const unanswered: Item[] = [];
    slice.begin();
    for (const item of sought) {
      const row = diag.find(item.end);
      if (row === undefined) unanswered.push(item);
      else if (row !== 'none') settle(item, row);
      if (slice.isOver) await slice.rest();
    }
    slice.end();
    return unanswered;
  }

  async #read<Item extends Sought>(
    sought: readonly Item[],
    slice: TimeSlice,
    settle: Settle<Item>,
  ): Promise<boolean> {
    let missing = sought;
    let hasRows = false;
    for (const table of [0, 1] as const) {
      if (missing.length === 0) break;
      const wanted = new WantedRows(missing, table);
      const path = `${this.#folder}/${table === 0 ? 'tcp' : 'tcp6'}`;
      for await (const rows of readTable(path, slice, this.#options)) {
        hasRows = wanted.lookThrough(rows, settle) || hasRows;
        if (wanted.isDone) break;
      }
      missing = wanted.left();
    }
    return hasRows;
  }
}
