/** The access log: one JSON line a request, at its end; under TRACE also its start and its steps. */
import type { Trace } from './exchange-options.ts';
import { createJsonLines, jsonText, type WriteLine } from './line-writer.ts';
import { openLogFile } from './record/log-file.ts';
import type { ClientProcess, RequestRecord } from './request-record.ts';
import { createTraceLines } from './trace-lines.ts';

export interface AccessLog {
  write(record: RequestRecord): void;
  /** For TRACE: the beginning and the steps of requests. */
  readonly trace: Trace;
  /** Lines that were lost to a full or slow disk. */
  dropped(): number;
  /** Writes what waits, for 1 s at most. */
  close(): Promise<void>;
}

export interface AccessLogOptions {
  readonly path: string;
  /** Size at which the file is rotated; default 64 MiB. */
  readonly maxBytes?: number;
  /** How many rotated files are kept; default 3. */
  readonly keep?: number;
  /** How much may wait for the disk; default 16 MiB. */
  readonly maxWaitingBytes?: number;
}

const mebibyte = 1_048_576;

/** @throws the system's error if the file cannot be opened */
export async function openAccessLog(options: AccessLogOptions): Promise<AccessLog> {
  const file = await openLogFile({
    path: options.path,
    maxBytes: options.maxBytes ?? 64 * mebibyte,
    keep: options.keep ?? 3,
    maxWaitingBytes: options.maxWaitingBytes ?? 16 * mebibyte,
  });
  const writeLine = createJsonLines((line) => file.write(line));
  return {
    write: (record) => writeRecord(writeLine, record),
    trace: createTraceLines(writeLine),
    dropped: () => file.dropped(),
    close: () => file.close(),
  };
}

/** Turns records into the lines of the access log, fields in the order that the interface names them in. */
export function createLineWriter(write: (line: string) => void): (record: RequestRecord) => void {
  const writeLine = createJsonLines(write);
  return (record) => writeRecord(writeLine, record);
}

function writeRecord(writeLine: WriteLine, record: RequestRecord): void {
  const level = record.error === null && record.policy.decision !== 'deny' ? 'info' : 'warn';
  writeLine({ timeMs: record.timeMs, level, msg: 'request' }, fieldsOf(record));
}

/** By hand, for it is written for each request: a third of what JSON.stringify takes. */
function fieldsOf(record: RequestRecord): string {
  const { policy } = record;
  return (
    `"id":${jsonText(record.id)},"proto":"${record.proto}","method":${jsonText(record.method)}` +
    `,"host":${jsonText(record.host)},"port":${record.port}` +
    `,"name_source":${jsonText(record.nameSource)},"ip":${jsonText(record.ip)}` +
    `,"peer":${jsonText(record.peer)}${tailnetText(record)},"route":"${record.route}"` +
    `,"policy":{"decision":"${policy.decision}","rule":${jsonText(policy.rule)},"mode":"${policy.mode}"}` +
    `,"client":${clientText(record.client)},"status":${record.status}` +
    `,"error":${jsonText(record.error)},"dns_ms":${roundMs(record.dnsMs)}` +
    `,"dial_ms":${roundMs(record.dialMs)}${record.preconnect ? ',"preconnect":true' : ''}` +
    `,"total_ms":${roundMs(record.totalMs)}` +
    `,"bytes_up":${record.bytesUp},"bytes_down":${record.bytesDown}` +
    `,"close_reason":${jsonText(record.closeReason)}`
  );
}

/** Only where there are several. */
function tailnetText({ tailnet }: RequestRecord): string {
  return tailnet === undefined ? '' : `,"tailnet":${jsonText(tailnet)}`;
}

function clientText(client: ClientProcess | null): string {
  if (client === null) return 'null';
  const { pid, exe, provider } = client;
  return `{"pid":${pid},"exe":${jsonText(exe)},"provider":${jsonText(provider)}}`;
}

/** Microseconds are all that the clocks are good for. */
function roundMs(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}
