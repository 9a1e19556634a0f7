/** Finds rows of /proc/net/tcp and tcp6 by the addresses of their connections. */
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';
import { Memo } from '../../memo.ts';
import { addressOf } from './address-of.ts';
import type { ConnectionEnd, Row, Sought } from './connection-end.ts';

/** The same for each of the tables. */
type InTables = readonly [tcp: string, tcp6: string];

const newline = 10;
const colon = 58;
const zero = 48;
const nine = 57;
/** So that A is 10. */
const letterTen = 55;

/** A port as the tables write it. */
function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

const inHex = new Memo<InTables>((host) => [hexOf(host, false), hexOf(host, true)]);

/** 32-bit words in the machine's byte order. */
function hexOf(host: string, isMapped: boolean): string {
  // A listener for both families sees an IPv4 client as IPv4-mapped; the client's own row says which it is.
  const parsed = addressOf(host);
  const address = parsed instanceof ipaddr.IPv4 && isMapped ? parsed.toIPv4MappedAddress() : parsed;
  const bytes = Buffer.from(address.toByteArray());
  if (endianness() === 'LE') bytes.swap32();
  return bytes.toString('hex').toUpperCase();
}

/**
 * The columns `local_address rem_address` of the end's row (kernel: Documentation/networking/proc_net_tcp).
 * A dual-stack program has an IPv4 connection in tcp6 as an IPv4-mapped one.
 */
function needleOf({ local, remote }: ConnectionEnd, table: 0 | 1): string {
  const [from, to] = [inHex.of(local.host)[table], inHex.of(remote.host)[table]];
  return `${from}:${portHex(local.port)} ${to}:${portHex(remote.port)} `;
}

/** What is sought in one table. Each row is looked at, so what is not wanted is told by its port, without making text of it. */
export class WantedRows<Item extends Sought> {
  readonly #byAddresses: Map<string, Item>;
  readonly #ports: Set<number>;

  constructor(sought: readonly Item[], table: 0 | 1) {
    this.#byAddresses = new Map(sought.map((item) => [needleOf(item.end, table), item]));
    this.#ports = new Set(sought.map(({ end }) => end.local.port));
  }

  get isDone(): boolean {
    return this.#byAddresses.size === 0;
  }

  left(): Item[] {
    return [...this.#byAddresses.values()];
  }

  /** @returns whether there was a row */
  lookThrough(rows: Buffer, settle: (item: Item, row: Row) => boolean): boolean {
    let hasRows = false;
    for (let lineAt = 0; lineAt < rows.length;) {
      const end = rows.indexOf(newline, lineAt);
      // `  12: 0100007F:1F90 0100007F:A3C2 01 …`; the head of the table has no colon before its columns.
      const start = rows.indexOf(colon, lineAt) + 2;
      const portAt = rows.indexOf(colon, start) + 1;
      if (start < lineAt || portAt < start) break;
      if (portAt < end) {
        hasRows = true;
        if (this.#ports.has(portIn(rows, portAt))) {
          this.#settle(rows.toString('latin1', start, end), settle);
          if (this.isDone) break;
        }
      }
      lineAt = end + 1;
    }
    return hasRows;
  }

  #settle(row: string, settle: (item: Item, row: Row) => boolean): void {
    const after = row.indexOf(' ', row.indexOf(' ') + 1) + 1;
    const addresses = row.slice(0, after);
    const item = this.#byAddresses.get(addresses);
    const [, queued, inode] = (item && columnsAfter.exec(row.slice(after))) ?? [];
    if (item === undefined || queued === undefined || inode === undefined) return;
    if (settle(item, { queuedBytes: Number.parseInt(queued, 16), inode }))
      this.#byAddresses.delete(addresses);
  }
}

/** Of four hexadecimal digits; something else than a port for other bytes. */
function portIn(rows: Buffer, at: number): number {
  let port = 0;
  for (let digit = at; digit < at + 4; digit += 1) {
    const code = rows[digit] as number;
    port = port * 16 + (code > nine ? code - letterTen : code - zero);
  }
  return port;
}

/** After both addresses: st, tx:rx, tr:tm, retrnsmt, uid, timeout, inode. */
const columnsAfter = /^\S+ +([\dA-F]+):\S+ +\S+ +\S+ +\S+ +\S+ +(\d+)/;
