/** Finds the inode of the socket at a connection's other end in /proc/net/tcp and tcp6. */
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../addresses.ts';
import { readTable } from './table-rows.ts';

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

/** A port as the tables write it. */
export function portHex(port: number): string {
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
      const byAddresses = new Map(missing.map((item) => [item.needles[table], item]));
      if (byAddresses.size === 0) break;
      for await (const rows of readTable(`${this.#folder}/${table === 0 ? 'tcp' : 'tcp6'}`)) {
        for (const { addresses, inode } of rowsOf(rows, byAddresses)) {
          const item = byAddresses.get(addresses);
          if (item !== undefined) found.set(inode, item);
          byAddresses.delete(addresses);
        }
        if (byAddresses.size === 0) break;
      }
      missing = [...byAddresses.values()];
    }
    return found;
  }
}

/** After both addresses: st, tx:rx, tr:tm, retrnsmt, uid, timeout, inode. */
const columnsAfter = /^\S+ +\S+ +\S+ +\S+ +\S+ +\S+ +(\d+)/;

interface Row {
  readonly addresses: string;
  readonly inode: string;
}

/** The rows that are wanted and have an inode: a connection that is closed already (TIME_WAIT) has none. */
function* rowsOf(rows: string, wanted: ReadonlyMap<string, unknown>): Iterable<Row> {
  let lineAt = 0;
  while (lineAt < rows.length) {
    const end = rows.indexOf('\n', lineAt);
    // `  12: 0100007F:1F90 0100007F:A3C2 01 …`; the head of the table has no such number.
    const start = rows.indexOf(': ', lineAt) + 2;
    const middle = rows.indexOf(' ', start);
    const after = rows.indexOf(' ', middle + 1) + 1;
    const addresses = rows.slice(start, after);
    if (after < end && wanted.has(addresses)) {
      const inode = columnsAfter.exec(rows.slice(after, end))?.[1];
      if (inode !== undefined && inode !== '0') yield { addresses, inode };
    }
    lineAt = end + 1;
  }
}
