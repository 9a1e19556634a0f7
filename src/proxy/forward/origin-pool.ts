/** Connections to origins that wait for their next request, so that only sockets are used again, never a decision. */
import type { Socket } from 'node:net';
import type { Plan } from '../decide/decide.ts';
import type { Origin } from './origin.ts';

export interface OriginPool {
  /** One that waits for this plan, of this client's own or of nobody's. */
  take(plan: Plan, isTls: boolean, client: Socket): Origin | undefined;
  /** Keeps it for the next request to the same host by the same route. */
  put(plan: Plan, isTls: boolean, origin: Origin): void;
  close(): void;
}

interface Waiting {
  readonly key: string;
  readonly origin: Origin;
  readonly timer: NodeJS.Timeout;
  readonly onOwnerClose: (() => void) | undefined;
}

const IDLE_MS = 4000;
const MOST_OF_ONE = 32;
/** Their files are nobody's else meanwhile. */
const MOST_IN_ALL = 256;

export function originPool(): OriginPool {
  const waiting = new Map<string, Waiting[]>();
  let count = 0;
  const remove = (entry: Waiting): Origin => {
    const others = waiting.get(entry.key) ?? [];
    const at = others.indexOf(entry);
    if (at !== -1) {
      others.splice(at, 1);
      count -= 1;
      if (others.length === 0) waiting.delete(entry.key);
    }
    clearTimeout(entry.timer);
    entry.origin.reader.onEnd = undefined;
    if (entry.onOwnerClose) entry.origin.owner?.off('close', entry.onOwnerClose);
    return entry.origin;
  };
  const drop = (entry: Waiting): void => remove(entry).close();
  return {
    take(plan, isTls, client) {
      const all = (waiting.get(keyOf(plan, isTls)) ?? []).toReversed();
      // Its own first: it is known there.
      for (const owner of [client, undefined]) {
        for (const entry of all) {
          if (entry.origin.owner !== owner) continue;
          const origin = remove(entry);
          if (origin.isIdle) return origin;
          origin.close();
        }
      }
      return undefined;
    },
    put(plan, isTls, origin) {
      const key = keyOf(plan, isTls);
      const others = waiting.get(key) ?? [];
      const { owner } = origin;
      if (
        !origin.isIdle ||
        owner?.destroyed ||
        others.length >= MOST_OF_ONE ||
        count >= MOST_IN_ALL
      ) {
        origin.close();
        return;
      }
      origin.isReused = true;
      const onOwnerClose = owner && (() => drop(entry));
      const timer = setTimeout(() => drop(entry), IDLE_MS).unref();
      const entry: Waiting = { key, origin, timer, onOwnerClose };
      origin.reader.onEnd = () => drop(entry);
      if (onOwnerClose) owner?.once('close', onOwnerClose);
      others.push(entry);
      count += 1;
      waiting.set(key, others);
    },
    close() {
      for (const entry of [...waiting.values()].flat()) drop(entry);
    },
  };
}

/** What makes two requests share a connection: the place, the way there, and the host that was asked for. */
function keyOf({ via, addresses, host, port, hop, tailnet }: Plan, isTls: boolean): string {
  const scheme = isTls ? 'https' : 'http';
  return [tailnet?.name ?? '', via, hop?.name ?? '', addresses.join(','), scheme, host, port].join(
    ' ',
  );
}
