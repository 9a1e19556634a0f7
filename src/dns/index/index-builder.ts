/** Bytes of a status → index: here when it is small, in a thread of its own when it is large. */
import { Worker } from 'node:worker_threads';
import { messageOf, SpacetailError } from '../../errors.ts';
import { buildIndex } from './build-index.ts';
import {
  INDEX_WORKER,
  indexWorkerEntry,
  type IndexReply,
  type IndexRequest,
} from './index-worker.ts';
import type { ExtraRecord } from './status-types.ts';
import { parseStatus } from './status.ts';
import { TailnetIndex } from './tailnet-index.ts';

/** 2,000 peers of 880 bytes take 20 ms here; more go to the worker. */
const MAX_INLINE_BYTES = 1_750_000;
/** A worker that has had nothing to do for so long gives its memory back. */
const IDLE_MS = 60_000;

interface Waiting {
  resolve(index: TailnetIndex): void;
  reject(error: unknown): void;
}

export class IndexBuilder {
  readonly #entry: URL;
  readonly #onWorkerFailed: (detail: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #workerFailed = false;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 1;

  /** `onWorkerFailed` is told once when no worker can be started: then all is built here. */
  constructor(onWorkerFailed: (detail: string) => void, entry: URL = indexWorkerEntry) {
    this.#onWorkerFailed = onWorkerFailed;
    this.#entry = entry;
  }

  /**
   * Takes the bytes over: they may be gone afterwards. `moreRecords`: ExtraRecords that the status may lack.
   * @throws SpacetailError `status_unreadable`
   */
  async build(
    bytes: Uint8Array<ArrayBuffer>,
    moreRecords: readonly ExtraRecord[] = [],
  ): Promise<TailnetIndex> {
    if (bytes.length <= MAX_INLINE_BYTES || this.#workerFailed) {
      return new TailnetIndex(buildIndex(parseStatus(bytes, Date.now(), moreRecords)));
    }
    const ownBuffer = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    const id = this.#nextId++;
    const answer = new Promise<TailnetIndex>((resolve, reject) =>
      this.#waiting.set(id, { resolve, reject }),
    );
    const worker = this.#started();
    worker.ref();
    worker.postMessage(
      { id, bytes: ownBuffer, nowMs: Date.now(), moreRecords } satisfies IndexRequest,
      [ownBuffer.buffer],
    );
    return answer;
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#failAll(new Error('closed'));
    await worker?.terminate();
  }

  #started(): Worker {
    clearTimeout(this.#idle);
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#entry, {
      workerData: { kind: INDEX_WORKER },
      name: INDEX_WORKER,
    });
    worker.on('message', (reply: IndexReply) => this.#settle(worker, reply));
    worker.on('error', (error) => this.#lost(worker, messageOf(error)));
    worker.on('exit', (code) => this.#lost(worker, `it ended with code ${code}`));
    return (this.#worker = worker);
  }

  #settle(worker: Worker, reply: IndexReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#rest(worker);
    if ('packed' in reply) waiting?.resolve(new TailnetIndex(reply.packed));
    else
      waiting?.reject(
        reply.unreadable
          ? new SpacetailError('status_unreadable', reply.message)
          : new Error(reply.message),
      );
  }

  #rest(worker: Worker): void {
    worker.unref();
    this.#idle = setTimeout(() => {
      if (this.#worker === worker) this.#worker = undefined;
      void worker.terminate();
    }, IDLE_MS).unref();
  }

  #lost(worker: Worker, detail: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (!this.#workerFailed) this.#onWorkerFailed(detail);
    this.#workerFailed = true;
    this.#failAll(new Error(`the index worker was lost: ${detail}`));
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
