/** A client that goes away while its upload stands still. */
import type { Socket } from 'node:net';
import { clientEndOf, otherEndOf } from '../socket-tables/connection-end.ts';
import { SocketTables } from '../socket-tables/socket-table.ts';
import { TimeSlice } from '../socket-tables/time-slice.ts';
import { isOrphan } from './orphan.ts';

const tables = SocketTables.ofKernel({ isPatient: true });

const LOOK_EVERY_MS = 2000;
/** What the client sent before it went still goes to an origin that is slow; one that takes nothing for so long has stopped. */
const QUIET_MS = 6000;

/**
 * While the origin takes nothing, nobody reads from the client, so neither its FIN nor its reset is seen, and both
 * connections stood until the stall limit. Only the kernel's tables tell.
 */
export class LeftBehind {
  readonly #client: Socket;
  readonly #origin: Socket;
  readonly #onLeft: () => void;
  readonly #isWaiting: () => boolean;
  #timer: NodeJS.Timeout | undefined;
  /** What the origin has taken, in a form that changes when it takes more. */
  #taken: string | undefined;
  #takenAtMs = 0;

  /** @param isWaiting - whether bytes of the client's still wait for the origin */
  constructor(
    client: Socket,
    origin: Socket,
    onLeft: () => void,
    isWaiting = (): boolean => origin.writableLength > 0,
  ) {
    this.#client = client;
    this.#origin = origin;
    this.#onLeft = onLeft;
    this.#isWaiting = isWaiting;
  }

  /** Until nothing waits any more. To be called often: it costs next to nothing. */
  watch(): void {
    this.#timer ??= setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    const timer = this.#timer;
    const isOver = this.#isWaiting() && (await isOrphan(this.#client)) && (await this.#isQuiet());
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    if (isOver) this.#onLeft();
    else if (this.#isWaiting()) this.watch();
  }

  async #isQuiet(): Promise<boolean> {
    const { bytesWritten, writableLength } = this.#origin;
    const taken = `${bytesWritten} ${writableLength} ${await queuedBytes(this.#origin).catch(() => performance.now())}`;
    if (taken !== this.#taken) {
      this.#taken = taken;
      this.#takenAtMs = performance.now();
    }
    return performance.now() - this.#takenAtMs >= QUIET_MS;
  }
}

/** What the kernel still has of a socket's bytes: the other end reads, even if the socket cannot be written to yet. */
async function queuedBytes(socket: Socket): Promise<number | undefined> {
  const other = clientEndOf(socket);
  let found: number | undefined;
  if (other === undefined) return found;
  await tables.find([{ end: otherEndOf(other) }], new TimeSlice(), (_, row) => {
    found = row.queuedBytes;
    return true;
  });
  return found;
}
