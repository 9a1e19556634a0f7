/** The kernel's tables of TCP sockets, /proc/net/tcp and tcp6 (proc_pid_net(5)), read once for all who wait. */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { addressOf, addressText, canonicalAddress } from '../../ip/addresses.ts';
import type { Address } from '../../ip/addresses.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A connection as the socket at one of its ends sees it, e.g. the client's. */
export interface ConnectionEnd {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

export interface ListeningSocket {
  /** `127.0.0.1`, `::1`, `0.0.0.0`, `::`, … */
  readonly host: string;
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

/** The inode of a socket that no process has (any more): closed, and still in FIN_WAIT or TIME_WAIT. */
export const NOBODY = '0';

const STATE_LISTEN = '0A';
/** Columns of a row: sl, local_address, rem_address, st, tx:rx, tr:tm, retrnsmt, uid, timeout, inode. */
const STATE = 3;
const UID = 7;
const INODE = 9;

/** What both tables had when they were read. */
export class SocketTable {
  readonly #tcp: string;
  readonly #tcp6: string;

  constructor(tcp: string, tcp6: string) {
    this.#tcp = tcp;
    this.#tcp6 = tcp6;
  }

  /** Whether a connection that is not found is certainly not there: without /proc nothing is. */
  get hasRows(): boolean {
    return this.#tcp.includes('\n') || this.#tcp6.includes('\n');
  }

  /** The inode of the socket at this end; `NOBODY` where only a closed one is left; `undefined` where there is none. */
  inodeOf({ local, remote }: ConnectionEnd): string | undefined {
    const [from, to] = [endOf(local.host), endOf(remote.host)];
    const inodes: string[] = [];
    if (from.family === 4)
      inodes.push(...inodesIn(this.#tcp, columnsOf(from, local.port, to, remote.port)));
    // A program with a socket for both families has an IPv4 connection as an IPv4-mapped one.
    const [from6, to6] = [mapped(from), mapped(to)];
    inodes.push(...inodesIn(this.#tcp6, columnsOf(from6, local.port, to6, remote.port)));
    // A closed connection's addresses may be in use again already.
    return inodes.find((inode) => inode !== NOBODY) ?? inodes[0];
  }

  listeners(): ListeningSocket[] {
    return [...listenersIn(this.#tcp), ...listenersIn(this.#tcp6)];
  }
}

/** @param procFolder - `/proc`, whose tables are those of the reader's network namespace */
export async function readSocketTable(procFolder = '/proc'): Promise<SocketTable> {
  const [tcp, tcp6] = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`${procFolder}/net/${name}`, 'latin1').catch(() => '')),
  );
  return new SocketTable(tcp ?? '', tcp6 ?? '');
}

/** Of the time between two readings, so much belongs to others; a reading takes the kernel 0.5 to 3 ms. */
const REST_FACTOR = 10;
/** A client that lives 100 ms after its request is still found. */
const LONGEST_REST_MS = 50;

/** Reads for all who ask, one reading at a time, each begun after they asked. */
export class SharedSocketTable {
  readonly #read: () => Promise<SocketTable>;
  #next: Promise<SocketTable> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #restUntilMs = 0;

  constructor(read: () => Promise<SocketTable> = readSocketTable) {
    this.#read = read;
  }

  read(): Promise<SocketTable> {
    this.#next ??= this.#readNext();
    return this.#next;
  }

  async #readNext(): Promise<SocketTable> {
    await this.#last;
    const restMs = this.#restUntilMs - performance.now();
    if (restMs > 0) await delay(restMs);
    // Who asks from now on waits for the reading after this one.
    this.#next = undefined;
    const startMs = performance.now();
    const reading = this.#read();
    this.#last = reading.then(
      () => this.#rest(startMs),
      () => this.#rest(startMs),
    );
    return reading;
  }

  #rest(startMs: number): void {
    const nowMs = performance.now();
    this.#restUntilMs = nowMs + Math.min(LONGEST_REST_MS, REST_FACTOR * (nowMs - startMs));
  }
}

/** This process's. */
export const sharedSocketTable = new SharedSocketTable();

/** The other end of an accepted connection, e.g. the client's; `undefined` once it is closed. */
export function clientEndOf(socket: Socket): ConnectionEnd | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return {
    local: { host: remoteAddress, port: remotePort },
    remote: { host: localAddress, port: localPort },
  };
}

/** Of a socket's end, as Node writes it; an IPv4-mapped one is the IPv4 address that it means. */
function endOf(host: string): Address {
  return addressOf(canonicalAddress(host) ?? host);
}

function mapped(address: Address): Address {
  return address.family === 6 ? address : { family: 6, value: (0xffffn << 32n) | address.value };
}

/** `local_address rem_address`, as a row has them. */
function columnsOf(local: Address, localPort: number, remote: Address, remotePort: number): string {
  return ` ${hexOf(local)}:${portHex(localPort)} ${hexOf(remote)}:${portHex(remotePort)} `;
}

/** 32-bit words in the machine's byte order. */
function hexOf(address: Address): string {
  const digits = address.family === 4 ? 8 : 32;
  const bytes = Buffer.from(address.value.toString(16).padStart(digits, '0'), 'hex');
  if (endianness() === 'LE') bytes.swap32();
  return bytes.toString('hex').toUpperCase();
}

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Of the rows with these columns; a row that is cut off has none. */
function* inodesIn(table: string, columns: string): Generator<string> {
  for (let at = table.indexOf(columns); at >= 0; at = table.indexOf(columns, at + 1)) {
    const start = table.lastIndexOf('\n', at) + 1;
    const end = table.indexOf('\n', at);
    const inode = end < 0 ? undefined : fieldsOf(table.slice(start, end))[INODE];
    if (inode !== undefined && isNumber(inode)) yield inode;
  }
}

function fieldsOf(row: string): string[] {
  return row.split(' ').filter((field) => field !== '');
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function listenersIn(table: string): ListeningSocket[] {
  return table.split('\n').flatMap((row) => {
    const fields = fieldsOf(row);
    const [address = '', port = ''] = fields[1]?.split(':') ?? [];
    const [uid = '', inode = ''] = [fields[UID], fields[INODE]];
    const host = readHex(address);
    if (fields[STATE] !== STATE_LISTEN || host === undefined) return [];
    if (!/^[\dA-F]{4}$/.test(port) || !isNumber(uid) || !isNumber(inode)) return [];
    return [{ host, port: Number.parseInt(port, 16), uid: Number(uid), inode }];
  });
}

function readHex(hex: string): string | undefined {
  if (!/^(?:[\dA-F]{8}|[\dA-F]{32})$/.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  return addressText(bytes);
}
