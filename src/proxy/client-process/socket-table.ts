/** Finds the inode of the socket at a connection's other end in /proc/net/tcp and tcp6. */
import { closeSync, openSync, read, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { promisify } from 'node:util';
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../addresses.ts';
import { TimeSlice } from './time-slice.ts';

/** A connection as the client's socket sees it. */
export interface ClientSide {
  readonly clientHost: string;
  readonly clientPort: number;
  readonly serverHost: string;
  readonly serverPort: number;
}

/** A text to look for in a table, and what to call when its row is found. */
export interface Sought {
  readonly needles: readonly [tcp: string, tcp6: string];
}

const chunkBytes = 65_536;
const sliceMs = 0.5;
const slowReadMs = 1.5;

/**
 * The columns `local_address rem_address` of the client's row (kernel: Documentation/networking/proc_net_tcp).
 * A dual-stack client has an IPv4 connection in tcp6 as an IPv4-mapped one.
 */
export function needlesOf(side: ClientSide): Sought['needles'] {
  return [addressPair(side, false), addressPair(side, true)];
}

function addressPair(side: ClientSide, isMapped: boolean): string {
  const client = `${addressHex(side.clientHost, isMapped)}:${portHex(side.clientPort)}`;
  return `${client} ${addressHex(side.serverHost, isMapped)}:${portHex(side.serverPort)} `;
}

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** 32-bit words in the machine's byte order. */
function addressHex(host: string, isMapped: boolean): string {
  // A listener for both families sees an IPv4 client as IPv4-mapped; the client's own row says which it is.
  const parsed = ipaddr.parse(canonicalAddress(host) ?? host);
  const address = parsed instanceof ipaddr.IPv4 && isMapped ? parsed.toIPv4MappedAddress() : parsed;
  const bytes = Buffer.from(address.toByteArray());
  if (endianness() === 'LE') bytes.swap32();
  return bytes.toString('hex').toUpperCase();
}

/** The kernel's tables of TCP sockets. */
export class SocketTables {
  readonly #folder: string;
  /**
   * A read walks the kernel's hash table, which grows with the machine: 0.6 ms at 262,144 buckets. Done here
   * that is half of what it costs through the thread pool, but it must not hold up the event loop.
   */
  #isSlow = false;

  /** @param procFolder - `/proc` */
  constructor(procFolder: string) {
    this.#folder = `${procFolder}/net`;
  }

  /**
   * Reads the tables once for all that is sought.
   *
   * @returns by the inode of each row that was found; a connection that is gone already has none
   */
  async findInodes<Item extends Sought>(sought: readonly Item[]): Promise<Map<string, Item>> {
    const found = new Map<string, Item>();
    let missing = sought;
    for (const table of [0, 1] as const) {
      if (missing.length === 0) break;
      for await (const rows of this.#readRows(table === 0 ? 'tcp' : 'tcp6')) {
        missing = missing.filter((item) => {
          const inode = inodeAt(rows, item.needles[table]);
          if (inode !== undefined) found.set(inode, item);
          return inode === undefined;
        });
        if (missing.length === 0) break;
      }
    }
    return found;
  }

  /** Whole rows, some at a time. */
  async *#readRows(name: string): AsyncGenerator<string> {
    const table = openTable(`${this.#folder}/${name}`);
    if (table === undefined) return;
    try {
      const slice = new TimeSlice(sliceMs);
      const buffer = Buffer.alloc(chunkBytes);
      let partial = '';
      for (;;) {
        const bytesRead = await this.#read(table, buffer);
        if (bytesRead === 0) break;
        const text = partial + buffer.toString('latin1', 0, bytesRead);
        const end = text.lastIndexOf('\n') + 1;
        partial = text.slice(end);
        yield text.slice(0, end);
        if (slice.isOver) await slice.rest();
      }
    } finally {
      closeSync(table);
    }
  }

  #read(table: number, buffer: Buffer): number | Promise<number> {
    if (this.#isSlow) return readElsewhere(table, buffer);
    const startMs = performance.now();
    const bytesRead = readSync(table, buffer);
    this.#isSlow = performance.now() - startMs > slowReadMs;
    return bytesRead;
  }
}

const readElsewhere = async (table: number, buffer: Buffer): Promise<number> =>
  (await promisify(read)(table, buffer, 0, buffer.length, null)).bytesRead;

/** `undefined` where there is no such table: tcp6 without IPv6. */
function openTable(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

/** After both addresses: st, tx:rx, tr:tm, retrnsmt, uid, timeout, inode. */
const columnsAfter = /^\S+ +\S+ +\S+ +\S+ +\S+ +\S+ +(\d+)/;

function inodeAt(rows: string, needle: string): string | undefined {
  const at = rows.indexOf(needle);
  if (at === -1) return undefined;
  const rest = rows.slice(at + needle.length, at + needle.length + 200);
  const inode = columnsAfter.exec(rest)?.[1];
  // A connection that is closed already (TIME_WAIT) has no inode.
  return inode === '0' ? undefined : inode;
}
