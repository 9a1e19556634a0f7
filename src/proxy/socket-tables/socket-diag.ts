/**
 * Asks the kernel for one socket by its addresses (sock_diag(7)), in some microseconds: the tables in /proc take it
 * milliseconds. Node opens no netlink sockets; `koffi`, where it is installed beside us, opens this one, and it is a
 * descriptor like others from then on.
 */
import { closeSync, readSync, writeSync } from 'node:fs';
import type { ConnectionEnd, Row } from './connection-end.ts';
import { askFor, readAnswer } from './diag-messages.ts';

/** socket(2): AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG */
const netlinkSocket = [16, 3 | 0o2_000_000 | 0o4000, 4] as const;
const longestAnswer = 8192;

/** What looks up one socket; `undefined`: ask the tables. */
export interface SocketDiag {
  find(end: ConnectionEnd): Row | 'none' | undefined;
}

/** The kernel answers a question within the call that puts it. */
export class NetlinkDiag implements SocketDiag {
  #descriptor: number | undefined;
  #sequence = 0;
  /** Without its module for TCP the kernel has "no such socket" for every question. */
  #hasFound = false;
  readonly #answer = Buffer.alloc(longestAnswer);

  /** @param descriptor - of a netlink socket for sock_diag, non-blocking; its owner from now on */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  find(end: ConnectionEnd): Row | 'none' | undefined {
    if (this.#descriptor === undefined) return undefined;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const question = askFor(end, this.#sequence);
    if (question === undefined) return undefined;
    const answer = this.#ask(this.#descriptor, question);
    // Not allowed here, or not understood: so it stays.
    if (answer === undefined) this.close();
    else if (answer !== 'none') this.#hasFound = true;
    return answer === 'none' && !this.#hasFound ? undefined : answer;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #ask(descriptor: number, question: Buffer): Row | 'none' | undefined {
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
let opening: Promise<boolean> | undefined;

/** This process's, once `openSocketDiag` has opened it. */
export const socketDiag: SocketDiag = { find: (end) => opened?.find(end) };

/** Where there is no `koffi`, or no such socket, look-ups go on to read the tables. Never rejects. @returns whether it is open */
export function openSocketDiag(): Promise<boolean> {
  opening ??= open();
  return opening;
}

async function open(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  try {
    const { default: koffi } = await import('koffi');
    const socket = koffi.load(null).func('int socket(int, int, int)') as (
      ...numbers: readonly number[]
    ) => number;
    const descriptor = socket(...netlinkSocket);
    if (descriptor >= 0) opened = new NetlinkDiag(descriptor);
  } catch {
    // Not installed.
  }
  return opened !== undefined;
}
