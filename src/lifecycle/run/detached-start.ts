import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { SpacetailError } from '../../errors.ts';
import { childEnvironment, type Environment } from '../tailscaled/child-environment.ts';
import { readJsonLines, writeJsonLine } from '../control/json-lines.ts';
import { isFinal, type ProgressEvent } from '../join/progress.ts';
import type { RuntimeFolder } from '../folder/runtime-folder.ts';
import { within } from '../../async.ts';

/** The socket pair's end in the supervisor. */
const handOverFd = 3;

/** Between its last word and its end. */
const lastBreathMs = 2000;

/** How much of its log is quoted when the supervisor ends without a word. */
const quotedBytes = 2000;

export interface DetachOptions {
  /** Program and arguments of the supervisor; no secret may be among them. */
  readonly command: readonly [string, ...string[]];
  readonly folder: RuntimeFolder;
  /** What the supervisor gets by the socket pair, secrets included; JSON. */
  readonly payload: unknown;
  /** Of `up`; what the supervisor may have of it is passed on. */
  readonly env: Environment;
  readonly onEvent: (event: ProgressEvent) => void;
  /** Ends with the event that this returns true for, or a final one. */
  readonly until?: (event: ProgressEvent) => boolean;
}

/**
 * Starts the detached supervisor: a session of its own, none of our three fds, nothing secret in its
 * arguments or environment. What it must know goes over a socket pair, on which its progress comes back.
 * When the signal aborts, or this process dies before the last event, the supervisor undoes everything.
 *
 * @returns the last event: `ready`, `failed`, `already`, or what `until` chose
 * @throws {SpacetailError} `internal` when the supervisor ends without saying why; the signal's reason after it has ended
 */
export async function startDetached(
  options: DetachOptions,
  signal: AbortSignal,
): Promise<ProgressEvent> {
  signal.throwIfAborted();
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  const [{ execa }, log] = await Promise.all([
    import('execa'),
    open(options.folder.spacetailLog, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600),
  ]);
  const logStart = (await log.stat()).size;
  const [program, ...args] = options.command;
  const child = execa(program, args, {
    // Any descriptor is accepted; execa's types end at 9.
    stdio: ['ignore', 'ignore', log.fd as 9, 'pipe'],
    env: childEnvironment(options.env),
    extendEnv: false,
    // The hook's folder may be deleted, read-only or unmounted while we run.
    cwd: '/',
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
  });
  const ended = new Promise<void>((resolve) => {
    child.nodeChildProcess.once('exit', () => resolve());
    child.nodeChildProcess.once('error', () => resolve());
  });
  const socket = child.stdio[handOverFd] as unknown as Socket | undefined;
  await log.close();
  if (child.pid === undefined || socket === undefined) {
    throw new SpacetailError(
      'internal',
      `the supervisor cannot be started: ${(await child).shortMessage}`,
    );
  }
  child.nodeChildProcess.unref();
  socket.on('error', () => {});
  const abort = (): unknown => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    writeJsonLine(socket, options.payload);
    for await (const event of readJsonLines(socket) as AsyncIterable<ProgressEvent>) {
      options.onEvent(event);
      // After `failed` it has nothing left to do but to end.
      if (event.kind === 'failed' || event.kind === 'already') {
        child.nodeChildProcess.ref();
        await within(lastBreathMs, ended);
      }
      if (isFinal(event) || options.until?.(event) === true) return event;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
  // It sees our end closed, undoes everything within its own bounds and ends.
  child.nodeChildProcess.ref();
  await ended;
  signal.throwIfAborted();
  throw new SpacetailError(
    'internal',
    `the supervisor ended without a word; ${await lastWords(options.folder, logStart)}`,
  );
}

async function lastWords(folder: RuntimeFolder, from: number): Promise<string> {
  const log = await open(folder.spacetailLog, 'r');
  try {
    const { size } = await log.stat();
    const start = Math.max(from, size - quotedBytes);
    const { buffer, bytesRead } = await log.read(
      Buffer.alloc(size - start),
      0,
      size - start,
      start,
    );
    return bytesRead === 0
      ? 'its log is empty'
      : `its log:\n${buffer.toString('utf8', 0, bytesRead).trimEnd()}`;
  } finally {
    await log.close();
  }
}

/** The supervisor's side. */
export interface HandOver {
  /** What `up` handed over. */
  readonly payload: unknown;
  report(event: ProgressEvent): void;
  /** Aborted when `up` is gone before the last event: nobody waits for this run. */
  readonly abandoned: AbortSignal;
  /** Call after the last event, or when `up` waits no longer; its end is then expected. */
  finish(): void;
}

/**
 * Takes over from `up` on fd 3.
 * @throws {Error} when fd 3 is no socket or says nothing
 */
export async function receiveHandOver(): Promise<HandOver> {
  const socket = new Socket({ fd: handOverFd, readable: true, writable: true });
  const abandoned = new AbortController();
  socket.on('error', () => {});
  const events = readJsonLines(socket);
  const first = await events.next();
  if (first.done === true) throw new Error('up ended before it said what to do');
  const onClose = (): void =>
    abandoned.abort(
      new SpacetailError('up_interrupted', '`spacetail up` was ended before it was ready'),
    );
  socket.once('close', onClose);
  const finish = (): void => {
    socket.off('close', onClose);
    socket.end();
    socket.unref();
  };
  // Nothing more is sent: whatever comes next is its end.
  void events.next().then(
    () => socket.destroy(),
    () => socket.destroy(),
  );
  return {
    payload: first.value,
    report: (event) => writeJsonLine(socket, event),
    abandoned: abandoned.signal,
    finish,
  };
}
