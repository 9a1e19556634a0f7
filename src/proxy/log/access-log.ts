/** The access log: one JSON line a request, at its end; under TRACE also its start and its steps. */
import type { Trace } from '../request/exchange-options.ts';
import { createJsonLines, jsonText, type WriteLine } from './line-writer.ts';
import { openLogFile } from './log-file.ts';
import { TargetTexts } from './target-texts.ts';
import type { RequestRecord } from '../core/request-record.ts';
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
    write: recordWriter(writeLine),
    trace: createTraceLines(writeLine),
    dropped: () => file.dropped(),
    close: () => file.close(),
  };
}

/** Turns records into the lines of the access log, fields in the order that the interface names them in. */
export function createLineWriter(write: (line: string) => void): (record: RequestRecord) => void {
  return recordWriter(createJsonLines(write));
}

function recordWriter(writeLine: WriteLine): (record: RequestRecord) => void {
  const targets = new TargetTexts();
  return (record) => {
    const level = record.error === null && record.policy.decision !== 'deny' ? 'info' : 'warn';
    const fields = `"id":${jsonText(record.id)},${targets.of(record)},${outcomeText(record)}`;
    writeLine({ timeMs: record.timeMs, level, msg: 'request' }, fields);
  };
}

function outcomeText(record: RequestRecord): string {
  return (
    `"dns_ms":${msText(record.dnsMs)},"dial_ms":${msText(record.dialMs)}` +
    `${record.preconnect ? ',"preconnect":true' : ''},"total_ms":${msText(record.totalMs)}` +
    `,"bytes_up":${record.bytesUp},"bytes_down":${record.bytesDown}` +
    `,"close_reason":${jsonText(record.closeReason)}`
  );
}

/** Tenths as a record has them; microseconds are all that the clocks are good for. */
function msText(ms: number | null): string {
  if (ms === null) return 'null';
  const tenths = Math.round(ms * 10);
  // A fraction's own way to its text takes ten times as long.
  if (tenths / 10 === ms && tenths >= 0) return `${Math.trunc(ms)}${tenthText[tenths % 10]}`;
  return String(Math.round(ms * 1000) / 1000);
}

const tenthText = ['', '.1', '.2', '.3', '.4', '.5', '.6', '.7', '.8', '.9'] as const;
