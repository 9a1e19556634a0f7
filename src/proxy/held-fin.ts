/** Passes the client's FIN on, at once or held back until the origin has ended. */
import type { Socket } from 'node:net';
import { isOrphan } from './orphan.ts';

export interface HeldFin {
  clientEnded(): void;
  originEnded(): void;
  /** The origin has sent something. */
  sawOrigin(): void;
  forget(): void;
}

const CHECK_EVERY_MS = 1000;
/** A client that has half-closed and gets nothing for so long is taken for gone. */
const IDLE_MS = 60_000;

/**
 * A client that closes looks like one that half-closes: both send a FIN. So while the FIN is held, it is
 * checked whether the client's end still belongs to a process; if not, there is nobody to wait for.
 */
export function heldFin(client: Socket, origin: Socket, isHeld: boolean): HeldFin {
  let timer: NodeJS.Timeout | undefined;
  let heardAtMs = 0;
  const forget = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const letGo = (): void => {
    forget();
    origin.end();
  };
  const check = async (): Promise<void> => {
    const isIdle = performance.now() - heardAtMs > IDLE_MS;
    if ((isIdle || (await isOrphan(client))) && timer !== undefined) {
      letGo();
      client.destroySoon();
    }
  };
  return {
    clientEnded() {
      if (!isHeld || origin.readableEnded) {
        letGo();
        return;
      }
      heardAtMs = performance.now();
      timer = setInterval(() => void check(), CHECK_EVERY_MS);
    },
    originEnded() {
      if (timer !== undefined) letGo();
    },
    sawOrigin() {
      heardAtMs = performance.now();
    },
    forget,
  };
}
