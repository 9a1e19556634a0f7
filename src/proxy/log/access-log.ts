/** The access log: one JSON line a request, at its end; under TRACE also its start and its steps. */
import { pino } from 'pino';
import { LogFile } from '../../log-file.ts';
import type { RequestRecord, Trace } from '../core/request-record.ts';
import type { AccessLogLine } from './access-log-schema.ts';

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
  const file = new LogFile({
    path: options.path,
    maxBytes: options.maxBytes ?? 64 * mebibyte,
    keep: options.keep ?? 3,
    maxWaitingBytes: options.maxWaitingBytes ?? 16 * mebibyte,
  });
  await file.open();
  return {
    ...createAccessLines((line) => file.write(line)),
    dropped: () => file.dropped(),
    close: () => file.close(),
  };
}

/** @param write - gets each line with its line feed, printable ASCII for the most part */
export function createAccessLines(
  write: (line: string) => void,
): Pick<AccessLog, 'write' | 'trace'> {
  const log = pino(
    { base: null, level: 'debug', timestamp: false, formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => write(escapeInvisible(line)) },
  );
  return {
    write(record) {
      const isWell = record.error === null && record.policy.decision !== 'deny';
      log[isWell ? 'info' : 'warn'](fieldsOf(record), 'request');
    },
    trace(id, step, { ms, ...facts }) {
      const time = new Date().toISOString();
      if (step === 'start') log.debug({ time, id, ...facts }, 'request start');
      else
        log.debug(
          { time, id, step, ms: typeof ms === 'number' ? rounded(ms) : null, ...facts },
          'request step',
        );
    },
  };
}

/** All but what pino adds; a field that is `undefined` is left out. */
function fieldsOf(record: RequestRecord): Omit<AccessLogLine, 'level' | 'msg'> {
  return {
    v: 1,
    time: new Date(record.timeMs).toISOString(),
    id: record.id,
    proto: record.proto,
    method: record.method,
    host: record.host,
    port: record.port,
    name_source: record.nameSource,
    ip: record.ip,
    peer: record.peer,
    tailnet: record.tailnet,
    route: record.route,
    policy: record.policy,
    client: record.client,
    status: record.status,
    error: record.error,
    reason: record.detail,
    dns_ms: rounded(record.dnsMs),
    dial_ms: rounded(record.dialMs),
    preconnect: record.preconnect,
    tried: record.tried,
    total_ms: rounded(record.totalMs),
    bytes_up: record.bytesUp,
    bytes_down: record.bytesDown,
    close_reason: record.closeReason,
  };
}

/** Microseconds are all that the clocks are good for. */
function rounded<Ms extends number | null>(ms: Ms): Ms {
  return (ms === null ? null : Math.round(ms * 1000) / 1000) as Ms;
}

// eslint-disable-next-line no-control-regex -- C1 controls and text direction marks move a terminal's cursor
const invisible = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** JSON escapes C0 controls only; within a line of JSON these can stand in strings alone. */
function escapeInvisible(line: string): string {
  return line.replaceAll(
    invisible,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
