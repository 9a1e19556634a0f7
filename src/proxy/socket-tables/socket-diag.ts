/**
 * Asks the kernel for one socket by its addresses (sock_diag(7)), in some microseconds: the tables in /proc take it
 * milliseconds. Node opens no netlink sockets; `koffi`, where it is installed beside us, opens this one, and it is a
 * descriptor like others from then on.
 */
import { once } from 'node:events';
import { closeSync, readSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../errors.ts';
import type { ConnectionEnd, Endpoint, Row } from './connection-end.ts';
import { askFor, isCertain, readAnswer } from './diag-messages.ts';

/** socket(2): AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG */
const netlinkSocket = [16, 3 | 0o2_000_000 | 0o4000, 4] as const;
const longestAnswer = 8192;
/** Nobody connects from it. */
const noPort = 1;

/** What looks up one socket; `undefined`: ask the tables. */
export interface SocketDiag {
  find(end: ConnectionEnd): Row | 'none' | undefined;
}

/** The kernel answers a question within the call that puts it. */
export class NetlinkDiag implements SocketDiag {
  #descriptor: number | undefined;
  #sequence = 0;
  readonly #answer = Buffer.alloc(longestAnswer);

  /** @param descriptor - of a netlink socket for sock_diag, non-blocking; its owner from now on */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  find(end: ConnectionEnd): Row | 'none' | undefined {
    const answer = this.#ask(end);
    if (answer === 'listener' || answer === 'none') return isCertain(end) ? 'none' : undefined;
    return answer;
  }

  /** Without its module for TCP the kernel has "no such socket" for every question, after a search for the module each time. */
  knowsListener(local: Endpoint): boolean {
    return this.#ask({ local, remote: { host: local.host, port: noPort } }) === 'listener';
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #ask(end: ConnectionEnd): Row | 'listener' | 'none' | undefined {
    if (this.#descriptor === undefined) return undefined;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const answer = this.#exchange(this.#descriptor, askFor(end, this.#sequence));
    // Not allowed here, or not understood: so it stays.
    if (answer === undefined) this.close();
    return answer;
  }

  #exchange(descriptor: number, question: Buffer): Row | 'listener' | 'none' | undefined {
    try {
      writeSync(descriptor, question);
      const length = readSync(descriptor, this.#answer, 0, longestAnswer, null);
      return readAnswer(this.#answer.subarray(0, length), question);
    } catch {
      return undefined;
    }
  }
}

let opened: NetlinkDiag | undefined;
let opening: Promise<Opened> | undefined;

/** This process's, once `openSocketDiag` has opened it. */
export const socketDiag: SocketDiag = { find: (end) => opened?.find(end) };

export type Opened = { readonly isOpen: true } | { readonly isOpen: false; readonly why: string };

/** Where there is no `koffi`, or no such socket, look-ups go on to read the tables. Never rejects. */
export function openSocketDiag(): Promise<Opened> {
  opening ??= open().catch((error: unknown) => ({ isOpen: false, why: messageOf(error) }));
  return opening;
}

async function open(): Promise<Opened> {
  if (process.platform !== 'linux') return { isOpen: false, why: 'not Linux' };
  const descriptor = await netlinkDescriptor();
  if (descriptor < 0) return { isOpen: false, why: 'no netlink sockets here' };
  const diag = new NetlinkDiag(descriptor);
  if (await withListener((local) => diag.knowsListener(local)).catch(() => false)) {
    opened = diag;
    return { isOpen: true };
  }
  diag.close();
  return { isOpen: false, why: 'the kernel does not answer' };
}

/** Of a socket for sock_diag; negative where there are none. @throws Error where there is no `koffi` */
export async function netlinkDescriptor(): Promise<number> {
  const { default: koffi } = await import('koffi');
  const socket = koffi.load(null).func('int socket(int, int, int)') as (
    ...numbers: readonly number[]
  ) => number;
  return socket(...netlinkSocket);
}

async function withListener<Value>(use: (local: Endpoint) => Value): Promise<Value> {
  const server = createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true });
  try {
    await once(server, 'listening');
    return use({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  } finally {
    server.close();
  }
}
