/** Passes the client's FIN on, at once or held back until the origin has ended. */
import type { Socket } from 'node:net';
import { finish } from './finish.ts';
import { isOrphan } from './orphan.ts';

export interface HeldFin {
  clientEnded(): void;
  originEnded(): void;
  /** The origin has sent something. */
  sawOrigin(): void;
  forget(): void;
}

/**
 * Most are closed, not half-closed: the sooner that is seen, the fewer stand about and have to be collected late. At once it would
 * be in the way of the same client's next connection.
 */
const FIRST_CHECK_MS = 10;
const CHECK_EVERY_MS = 200;
/** A client that has half-closed and gets nothing for so long is taken for gone, where its FIN is held. */
const IDLE_MS = 60_000;
/** How long an origin may take to end once the client is known to be gone. */
const GONE_MS = 3000;

/**
 * A client that closes looks like one that half-closes: both send a FIN. So after it, it is checked whether
 * the client's end still belongs to a process; if not, there is nobody to wait for.
 */
export function heldFin(client: Socket, origin: Socket, isHeld: boolean): HeldFin {
  let watch: NodeJS.Timeout | undefined;
  let cutOff: NodeJS.Timeout | undefined;
  let isWaiting = false;
  let heardAtMs = 0;
  const letGo = (): void => {
    isWaiting = false;
    finish(origin);
  };
  const giveUp = (): void => {
    letGo();
    client.destroySoon();
    cutOff = setTimeout(() => origin.destroy(), GONE_MS);
  };
  const checkAfter = (ms: number): void => {
    watch = setTimeout(() => void check(), ms);
  };
  const check = async (): Promise<void> => {
    const timer = watch;
    const isIdle = isWaiting && performance.now() - heardAtMs > IDLE_MS;
    const isOver = isIdle || (await isOrphan(client));
    if (watch !== timer) return;
    if (isOver && cutOff === undefined && !origin.destroyed) giveUp();
    else checkAfter(CHECK_EVERY_MS);
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
      clearTimeout(watch);
      watch = undefined;
      clearTimeout(cutOff);
    },
  };
}
