/** Passes the client's FIN on, at once or held back until the origin has ended. */
import type { Socket } from 'node:net';
import { clientEndOf, NOBODY, sharedSocketTable } from '../client-process/socket-table.ts';
import { finish } from './close.ts';

export interface HalfClose {
  clientEnded(): void;
  originEnded(): void;
  /** The origin has sent something. */
  sawOrigin(): void;
  forget(): void;
}

/** Most clients close both halves: the sooner that is seen, the sooner the origin is told. */
const FIRST_CHECK_MS = 10;
const CHECK_EVERY_MS = 200;
/** A client that has half-closed and gets nothing for so long is taken for gone, where its FIN is held. */
const IDLE_MS = 60_000;
/** How long an origin may take to end once the client is known to be gone. */
const GONE_MS = 3000;
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/**
 * A client that closes looks like one that half-closes: both send a FIN. So after it, it is checked whether
 * the client's end still belongs to a process; if not, there is nobody to wait for.
 *
 * @param isHeld - whether the origin's side takes the end of one direction for the end of both
 */
export function halfClose(client: Socket, origin: Socket, isHeld: boolean): HalfClose {
  const isGone = goneCheck(client);
  let timer: NodeJS.Timeout | undefined;
  let cutOff: NodeJS.Timeout | undefined;
  let isWaiting = false;
  let heardAtMs = 0;
  const letGo = (): void => {
    isWaiting = false;
    finish(origin);
  };
  const checkAfter = (ms: number): void => {
    timer = setTimeout(() => void check(), ms);
  };
  const check = async (): Promise<void> => {
    const asked = timer;
    const isIdle = isWaiting && performance.now() - heardAtMs > IDLE_MS;
    const isOver = isIdle || (await isGone());
    if (timer !== asked) return;
    if (!isOver || origin.destroyed) {
      checkAfter(CHECK_EVERY_MS);
      return;
    }
    letGo();
    client.destroySoon();
    cutOff = setTimeout(() => origin.destroy(), GONE_MS);
  };
  return {
    clientEnded() {
      if (isHeld && !origin.readableEnded) isWaiting = true;
      else letGo();
      heardAtMs = performance.now();
      checkAfter(isWaiting ? FIRST_CHECK_MS : CHECK_EVERY_MS);
    },
    originEnded() {
      if (isWaiting) letGo();
    },
    sawOrigin() {
      heardAtMs = performance.now();
    },
    forget() {
      clearTimeout(timer);
      timer = undefined;
      clearTimeout(cutOff);
    },
  };
}

/**
 * After close() the kernel keeps the connection in FIN_WAIT without an owner: its inode is 0. Where it keeps nothing,
 * since it has answered our bytes with a reset or has too many of these already, the client's end is in no table. The
 * kernel may leave one out while its table changes, so that counts the second time. A client elsewhere than on
 * loopback may be in another network namespace: then it is our own end that has to be missing.
 */
export function goneCheck(client: Socket): () => Promise<boolean> {
  let missed = 0;
  return async () => {
    const theirs = clientEndOf(client);
    if (client.destroyed || theirs === undefined) return true;
    const table = await sharedSocketTable.read();
    const inode = table.inodeOf(theirs);
    if (inode === NOBODY) return true;
    const ours = { local: theirs.remote, remote: theirs.local };
    const isThere = LOOPBACK.test(theirs.local.host)
      ? inode !== undefined
      : table.inodeOf(ours) !== undefined;
    missed = isThere || !table.hasRows ? 0 : missed + 1;
    return missed > 1;
  };
}
