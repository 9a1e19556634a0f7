/** One question and one answer on a fresh connection, before it is handed on. */
import type { Read } from '../core/socks5.ts';
import type { Connection } from './connection.ts';
import { discard } from './connection.ts';

export type HandshakeResult<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'malformed'; readonly detail: string }
  | HandshakeFailure;

export type HandshakeFailure =
  /** Could not be connected: the code of the system call, e.g. ECONNREFUSED. */
  | { readonly kind: 'unconnected'; readonly code: string }
  /** Connected, then ended or reset before the whole answer. */
  | { readonly kind: 'cut'; readonly code: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' };

const NOTHING = Buffer.alloc(0);

export interface HandshakeOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Waits until it is connected. Unless the result is `answer` the connection is closed. Never throws. */
export async function connected(
  connection: Connection,
  options: HandshakeOptions,
): Promise<{ readonly kind: 'answer' } | HandshakeFailure> {
  return converse<never>(connection, undefined, options) as Promise<
    { readonly kind: 'answer' } | HandshakeFailure
  >;
}

/**
 * Sends the question in one write, as soon as it is connected, and waits for the whole answer. Bytes after it stay for
 * the next reader. Unless the result is `answer` the connection is closed. Never throws.
 */
export async function handshake<Answer>(
  connection: Connection,
  question: Buffer,
  read: (bytes: Buffer) => Read<Answer>,
  options: HandshakeOptions,
): Promise<HandshakeResult<Answer>> {
  return converse(connection, { question, read }, options) as Promise<HandshakeResult<Answer>>;
}

interface Conversation<Answer> {
  readonly question: Buffer;
  readonly read: (bytes: Buffer) => Read<Answer>;
}

type Conversed<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer | undefined }
  | { readonly kind: 'malformed'; readonly detail: string }
  | HandshakeFailure;

async function converse<Answer>(
  connection: Connection,
  conversation: Conversation<Answer> | undefined,
  { timeoutMs, signal }: HandshakeOptions,
): Promise<Conversed<Answer>> {
  const { socket } = connection;
  const { promise, resolve } = Promise.withResolvers<Conversed<Answer>>();
  let wasConnected = !socket.connecting;
  let received: Buffer = NOTHING;
  const onConnect = (): void => {
    wasConnected = true;
    if (conversation === undefined) resolve({ kind: 'answer', answer: undefined });
  };
  const onEnd = (): void => {
    resolve({ kind: 'cut', code: 'EOF' });
  };
  // It follows an error at once. Each listener is made and taken away for each request, so there are few.
  const onClose = (): void => {
    if (socket.errored === null) return onEnd();
    const { code = 'EUNKNOWN' } = socket.errored as NodeJS.ErrnoException;
    resolve(wasConnected ? { kind: 'cut', code } : { kind: 'unconnected', code });
  };
  const onAbort = (): void => {
    resolve({ kind: 'aborted' });
  };
  const timer = setTimeout(() => resolve({ kind: 'timeout' }), Math.max(0, timeoutMs));
  socket.on('connect', onConnect).on('close', onClose);
  // Somebody who waits for no answer does not mind an end that is there already: the tunnel passes it on.
  if (conversation !== undefined) socket.on('end', onEnd);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  if (socket.destroyed) onClose();
  if (conversation !== undefined) {
    connection.readInto((chunk) => {
      // The chunk is only lent.
      received = Buffer.concat([received, chunk]);
      const read = conversation.read(received);
      if (read.kind === 'more') return true;
      connection.release(read.kind === 'read' ? received.subarray(read.used) : NOTHING);
      resolve(read.kind === 'read' ? { kind: 'answer', answer: read.value } : read);
      return false;
    });
    socket.write(conversation.question);
  }
  const result = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  socket.off('connect', onConnect).off('close', onClose);
  if (conversation !== undefined) socket.off('end', onEnd);
  if (result.kind !== 'answer') discard(connection);
  return result;
}
