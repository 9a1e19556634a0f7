/** The stream of notifications of tailscaled (GET watch-ipn-bus): newline-separated JSON. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { messageOf, SpacetailError } from '../../errors.ts';
import { openRequest } from './local-api-request.ts';

const NEWLINE = 10;
/** A netmap of 100,000 peers is 200 MB of Go JSON. */
const MAX_LINE_BYTES = 512 << 20;

/**
 * Yields once for each batch of notifications. What they say is not read: at 10,000 peers one of them
 * is as long as the whole status, and the status must be fetched anyway.
 * @throws SpacetailError `local_api_failed` when the bus cannot be opened; the signal's reason
 */
export async function* watchBus(
  socketPath: string,
  mask: number,
  signal: AbortSignal,
): AsyncGenerator<void, void> {
  const stream = await openBus(socketPath, mask, signal);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) if (chunk.includes(NEWLINE)) yield;
  } catch {
    // Cut short: tailscaled has died.
    signal.throwIfAborted();
  } finally {
    stream.destroy();
  }
}

/** The first notification alone; `undefined` when the bus closes before. */
export async function firstBusLine(
  socketPath: string,
  mask: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const stream = await openBus(socketPath, mask, signal);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const end = chunk.indexOf(NEWLINE);
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
      length += chunk.length;
      if (end >= 0) return Buffer.concat(chunks);
      if (length > MAX_LINE_BYTES) return undefined;
    }
    return undefined;
  } finally {
    stream.destroy();
  }
}

async function openBus(
  socketPath: string,
  mask: number,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const response = await busResponse(
    openRequest(socketPath, { path: `watch-ipn-bus?mask=${mask}` }, signal),
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new SpacetailError('local_api_failed', `tailscaled does not answer: ${messageOf(error)}`);
  });
  if (response.statusCode === 200) return response;
  response.destroy();
  throw new SpacetailError(
    'local_api_failed',
    `tailscaled answers ${response.statusCode} to watch-ipn-bus`,
  );
}

function busResponse(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // After the response, errors come by the response's stream; this listener keeps them from being thrown.
    sent.once('response', resolve).on('error', reject).end();
  });
}
