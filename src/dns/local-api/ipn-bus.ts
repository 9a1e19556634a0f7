/** The stream of notifications of tailscaled (GET watch-ipn-bus): newline-separated JSON. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { messageOf, SpacetailError } from '../../errors.ts';
import { isObject, texts } from './json-fields.ts';
import { openRequest } from './local-api-request.ts';

const NEWLINE = 10;
const MAX_PREFIXES = 10_000;
/** A netmap of 100,000 peers is 200 MB of Go JSON. */
const MAX_LINE_BYTES = 512 << 20;

/** Of a notification that is read: one that carries a whole netmap or status is longer, and says nothing new. */
const MAX_READ_BYTES = 1 << 20;

/** What a notification tells of peers, by tailcfg.NodeID. */
export type PeerNotice =
  /** What it has now. */
  | { readonly kind: 'has'; readonly nodeId: number; readonly allowedIps: readonly string[] }
  | { readonly kind: 'gone'; readonly nodeId: number }
  | { readonly kind: 'others_gone'; readonly nodeIds: ReadonlySet<number> };

/**
 * Yields once for each batch of notifications, with what they say of peers that are gone or have changed. All
 * else of the tailnet is in the status, which must be fetched anyway. Ends when tailscaled closes the stream, as
 * it does with a reader that lags.
 * @throws SpacetailError `local_api_failed` when the bus cannot be opened; the signal's reason
 */
export async function* watchBus(
  socketPath: string,
  mask: number,
  signal: AbortSignal,
): AsyncGenerator<PeerNotice[], void> {
  const stream = await openBus(socketPath, mask, signal);
  let rest: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const end = chunk.lastIndexOf(NEWLINE);
      if (end >= 0) {
        const whole = length > MAX_READ_BYTES ? [] : [...rest, chunk.subarray(0, end)];
        yield noticesOf(Buffer.concat(whole));
        [rest, length] = [[], 0];
      }
      length += chunk.length - end - 1;
      if (length <= MAX_READ_BYTES) rest.push(chunk.subarray(end + 1));
      else rest = [];
    }
  } catch {
    // Cut short: tailscaled has died.
    signal.throwIfAborted();
  } finally {
    stream.destroy();
  }
}

function noticesOf(lines: Buffer): PeerNotice[] {
  return lines.toString('utf8').split('\n').flatMap(readNotice);
}

/** tailscale: ipn/backend.go Notify, its fields PeersRemoved and PeersChanged. */
export function readNotice(line: string): PeerNotice[] {
  if (!/"Peers(?:Removed|Changed)"/.test(line) || line.length > MAX_READ_BYTES) return [];
  let notify: unknown;
  try {
    notify = JSON.parse(line);
  } catch {
    return [];
  }
  if (!isObject(notify)) return [];
  const removed = listOf(notify['PeersRemoved']).filter((id) => typeof id === 'number');
  const changed = listOf(notify['PeersChanged']);
  const notices: PeerNotice[] = [
    ...removed.map((nodeId) => ({ kind: 'gone', nodeId }) as const),
    ...changed.flatMap(readChanged),
  ];
  // With SelfChange it is a whole netmap, and PeersChanged all its peers (ipn/ipnlocal SetControlClientStatus).
  if (changed.length > 0 && isObject(notify['SelfChange']))
    notices.push({ kind: 'others_gone', nodeIds: new Set(changed.map(idOf)) });
  return notices;
}

/** A node without AllowedIPs has its Addresses alone (tailcfg.Node). */
function readChanged(node: unknown): PeerNotice[] {
  if (!isObject(node)) return [];
  const allowed = node['AllowedIPs'] ?? node['Addresses'];
  if (!Array.isArray(allowed)) return [];
  return [{ kind: 'has', nodeId: idOf(node), allowedIps: texts(allowed, MAX_PREFIXES) }];
}

/** 0 is nobody's. */
function idOf(node: unknown): number {
  return isObject(node) && typeof node['ID'] === 'number' ? node['ID'] : 0;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
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
