/**
 * The requests under way on each client connection: what a parse error on it means depends on whether
 * it lies in the body of one of them or after the last.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Failure } from '../core/failure.ts';

interface Entry {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly spoil: (failed: Failure) => void;
}

export interface InFlight {
  /** `spoil` is called when the rest of the request turns out malformed. Until the response is closed. */
  add(request: IncomingMessage, response: ServerResponse, spoil: (failed: Failure) => void): void;
  /** Tells whose bytes were malformed. */
  spoil(socket: Socket, failed: Failure): 'a request' | 'after a request' | 'nothing';
}

export function inFlight(): InFlight {
  const entries = new WeakMap<Socket, Set<Entry>>();
  return {
    add(request, response, spoil) {
      const { socket } = request;
      const entry = { request, response, spoil };
      const open = entries.get(socket) ?? new Set();
      entries.set(socket, open.add(entry));
      response.once('close', () => open.delete(entry));
    },
    spoil(socket, failed) {
      const open = [...(entries.get(socket) ?? [])];
      const incomplete = open.find(({ request }) => !request.complete);
      if (incomplete !== undefined) {
        incomplete.spoil(failed);
        return 'a request';
      }
      // The answers that are owed still go out; then the connection ends.
      for (const { response } of open) response.shouldKeepAlive = false;
      return open.length > 0 ? 'after a request' : 'nothing';
    },
  };
}
