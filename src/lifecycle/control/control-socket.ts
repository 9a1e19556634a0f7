import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { messageOf } from '../../errors.ts';
import { toErrorMessage } from './error-message.ts';
import { readJsonLines, writeJsonLine } from './json-lines.ts';

/**
 * The supervisor's control socket: JSON lines over a unix socket in the 0700 runtime folder. A client
 * sends `{"operation":…,"parameters":…}` and gets any number of `{"progress":…}` and then one
 * `{"result":…}` or `{"error":{code,message,hint}}`. No operation changes the policy.
 */
export interface ControlCall {
  progress(event: unknown): void;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

export type ControlHandler = (parameters: unknown, call: ControlCall) => Promise<unknown>;

export type ControlHandlers = Readonly<Record<string, ControlHandler>>;

export interface ControlServer {
  /** Takes no more calls, lets running ones answer for at most `graceMs`, removes the socket. */
  close(graceMs: number): Promise<void>;
}

const requestDeadlineMs = 5000;

interface Request {
  readonly operation: string;
  readonly parameters: unknown;
}

function asRequest(value: unknown): Request {
  const request = value as Partial<Request> | null;
  if (typeof request?.operation !== 'string')
    throw new Error('not a request of the control socket');
  return { operation: request.operation, parameters: request.parameters };
}

async function readRequest(socket: Socket): Promise<Request | undefined> {
  const timer = setTimeout(() => socket.destroy(), requestDeadlineMs);
  try {
    for await (const value of readJsonLines(socket.iterator({ destroyOnReturn: false }))) {
      return asRequest(value);
    }
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function answer(socket: Socket, handlers: ControlHandlers): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  try {
    const request = await readRequest(socket);
    if (request === undefined) return;
    // Anything after the request is not read, but the client's end is seen.
    socket.resume();
    if (!Object.hasOwn(handlers, request.operation)) {
      throw new Error(
        `the supervisor does not know the operation ${JSON.stringify(request.operation)}`,
      );
    }
    const handler = handlers[request.operation] as ControlHandler;
    const result = await handler(request.parameters, {
      progress: (event) => writeJsonLine(socket, { progress: event }),
      signal: gone.signal,
    });
    writeJsonLine(socket, { result: result ?? null });
  } catch (error) {
    writeJsonLine(socket, { error: { ...toErrorMessage(error), message: messageOf(error) } });
  } finally {
    socket.end();
  }
}

/** @param path its folder is ours alone; a socket left there by a dead supervisor is replaced */
export async function listenControl(
  path: string,
  handlers: ControlHandlers,
): Promise<ControlServer> {
  await rm(path, { force: true });
  const open = new Map<Socket, Promise<void>>();
  const server: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    open.set(
      socket,
      answer(socket, handlers).catch(() => {}),
    );
    socket.once('close', () => open.delete(socket));
  });
  server.listen(path);
  await once(server, 'listening');
  server.on('error', () => {});
  await chmod(path, 0o600);
  return {
    async close(graceMs) {
      server.close();
      const timer = setTimeout(() => open.forEach((_, socket) => socket.destroy()), graceMs);
      const running = [...open.keys()].filter((socket) => !socket.closed);
      await Promise.all(running.map((socket) => once(socket, 'close')));
      clearTimeout(timer);
      await rm(path, { force: true });
    },
  };
}
