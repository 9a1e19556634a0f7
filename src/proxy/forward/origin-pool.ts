/**
 * Idle keep-alive connections to origins. One undici client is one connection that we dialled, so that
 * name, route and policy are ours for each request, and only the socket is used again.
 */
import { Client } from 'undici';
import type { Plan } from '../decide/decide.ts';
import type { Connection } from '../dial/connection.ts';

export interface Origin {
  readonly client: Client;
  /** Had a request before this one; the origin may be about to close it. */
  readonly isReused: boolean;
  readonly socket: Connection['socket'];
}

export interface OriginPool {
  /** An idle connection for the plan, if there is one. */
  take(plan: Plan): Origin | undefined;
  /** A client on a fresh connection. */
  wrap(plan: Plan, line: Connection): Origin;
  /** Keeps the connection for the next request to the same place by the same way. */
  put(plan: Plan, origin: Origin): void;
  /** Closes for good. */
  discard(origin: Origin): void;
  close(): void;
}

const IDLE_MS = 4000;
const MAX_IDLE_OF_ONE = 32;
const MAX_RESPONSE_HEAD_BYTES = 128 * 1024;

export function originPool(): OriginPool {
  const idle = new Map<string, Origin[]>();
  const forget = (key: string, socket: Origin['socket']): void => {
    const origins = idle.get(key);
    const at = origins?.findIndex((other) => other.socket === socket) ?? -1;
    if (at === -1) return;
    origins?.splice(at, 1);
    if (origins?.length === 0) idle.delete(key);
  };
  const discard = ({ client, socket }: Origin): void => {
    socket.destroy();
    client.destroy().catch(() => {});
  };
  return {
    take(plan) {
      const key = keyOf(plan);
      const origins = idle.get(key) ?? [];
      let origin = origins.pop();
      while (origin !== undefined && !isAlive(origin)) {
        discard(origin);
        origin = origins.pop();
      }
      if (origins.length === 0) idle.delete(key);
      return origin && { ...origin, isReused: true };
    },
    wrap(plan, line) {
      const origin = { client: clientOn(line), isReused: false, socket: line.socket };
      line.socket.once('close', () => {
        forget(keyOf(plan), line.socket);
      });
      return origin;
    },
    put(plan, origin) {
      const key = keyOf(plan);
      const others = idle.get(key);
      if (!isAlive(origin) || (others?.length ?? 0) >= MAX_IDLE_OF_ONE) discard(origin);
      else if (others === undefined) idle.set(key, [origin]);
      else others.push(origin);
    },
    discard,
    close() {
      for (const origin of [...idle.values()].flat()) discard(origin);
      idle.clear();
    },
  };
}

function isAlive({ client, socket }: Origin): boolean {
  return !client.destroyed && !socket.destroyed && !socket.readableEnded && socket.writable;
}

/** What makes two requests share a connection: the place and the way there. */
function keyOf({ via, addresses, host, port, hop, tailnet }: Plan): string {
  const place = addresses.length === 0 ? host : addresses.join(' ');
  return `${tailnet?.name ?? ''} ${via} ${hop?.name ?? ''} ${place} ${port}`;
}

function clientOn(line: Connection): Client {
  let isFresh = true;
  return new Client('http://origin.invalid', {
    // Time limits are the client's matter: a blocking query or a state lock may take its time.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
    allowH2: false,
    pipelining: 1,
    connect: (_options, done) => {
      // Not at once: undici does not look at its queue again before this call has returned.
      process.nextTick(() => {
        if (isFresh && !line.socket.destroyed) {
          isFresh = false;
          done(null, line.socket);
        } else {
          done(new Error('the connection was closed before it was used'), null);
        }
      });
    },
  });
}
