/** One question and one answer on a fresh connection, before it is handed on. */
import type { Line } from './line.ts';

export type Parse<Answer> = (
  bytes: Buffer,
) =>
  | { readonly kind: 'more' }
  | { readonly kind: 'answer'; readonly answer: Answer; readonly used: number };

export type HandshakeResult<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Could not be connected: the code of the system call, e.g. ECONNREFUSED. */
  | { readonly kind: 'unconnected'; readonly code: string }
  /** Connected, then ended or reset before the whole answer. */
  | { readonly kind: 'cut'; readonly code: string }
  | { readonly kind: 'timeout'; readonly wasConnected: boolean }
  | { readonly kind: 'aborted' };

const NOTHING = Buffer.alloc(0);

export interface HandshakeOptions<Answer> {
  /** Sent in one write, with the SYN's ACK; empty for none. */
  readonly question: Buffer;
  /** `undefined`: being connected is the answer. */
  readonly parse: Parse<Answer> | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Waits for connection and answer. Unless the result is `answer` the socket is destroyed. Bytes after
 * the answer stay for the next reader. Never throws.
 */
export async function handshake<Answer>(
  line: Line,
  { question, parse, timeoutMs, signal }: HandshakeOptions<Answer>,
): Promise<HandshakeResult<Answer | undefined>> {
  const { socket } = line;
  const { promise, resolve } = Promise.withResolvers<HandshakeResult<Answer | undefined>>();
  let wasConnected = false;
  let received: Buffer = NOTHING;
  const onConnect = (): void => {
    wasConnected = true;
    if (parse === undefined) resolve({ kind: 'answer', answer: undefined });
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
  const timer = setTimeout(
    () => {
      resolve({ kind: 'timeout', wasConnected });
    },
    Math.max(0, timeoutMs),
  );
  socket.on('connect', onConnect).on('close', onClose);
  // Somebody who waits for no answer does not mind an end that is there already: the tunnel passes it on.
  if (parse !== undefined) socket.on('end', onEnd);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  if (parse !== undefined) {
    line.readInto((chunk) => {
      // The chunk is only lent.
      received = Buffer.concat([received, chunk]);
      const parsed = parse(received);
      if (parsed.kind === 'more') return true;
      line.release(received.subarray(parsed.used));
      resolve({ kind: 'answer', answer: parsed.answer });
      return false;
    });
    socket.write(question);
  }
  const result = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  socket.off('connect', onConnect).off('close', onClose);
  if (parse !== undefined) socket.off('end', onEnd);
  if (result.kind !== 'answer') socket.destroy();
  return result;
}
