/**
 * The thread that indexes large netmaps. It starts from this module; in the bundle, where this module's URL
 * is the bundle's, from the bundle's entry point, which must call `runIndexWorker()` and nothing else in a
 * thread whose `workerData.kind` is ours (src/cli.ts).
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { messageOf, SpacetailError } from '../../errors.ts';
import { buildIndex } from './build-index.ts';
import { buffersOf, type PackedIndex } from './packed-index.ts';
import type { ExtraRecord } from './status-types.ts';
import { parseStatus } from './status.ts';

export const INDEX_WORKER = 'spacetail-index';

/** Where a worker of this program finds its code, in the sources and in the bundle. */
export const indexWorkerEntry = new URL(import.meta.url);

export interface IndexRequest {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly nowMs: number;
  readonly moreRecords: readonly ExtraRecord[];
}

export type IndexReply =
  | { readonly id: number; readonly packed: PackedIndex }
  | { readonly id: number; readonly unreadable: boolean; readonly message: string };

let started = false;

/** Serves requests for indexes; for the entry point of a thread whose `workerData.kind` is ours. */
export function runIndexWorker(): void {
  const port = parentPort;
  if (started || port === null) return;
  started = true;
  port.on('message', ({ id, bytes, nowMs, moreRecords }: IndexRequest) => {
    try {
      const packed = buildIndex(parseStatus(bytes, nowMs, moreRecords));
      port.postMessage({ id, packed } satisfies IndexReply, buffersOf(packed));
    } catch (error) {
      const unreadable = error instanceof SpacetailError && error.code === 'status_unreadable';
      port.postMessage({ id, unreadable, message: messageOf(error) } satisfies IndexReply);
    }
  });
}

// From the sources this module is the thread's entry point itself.
if (!isMainThread && (workerData as { kind?: unknown } | null)?.kind === INDEX_WORKER)
  runIndexWorker();
