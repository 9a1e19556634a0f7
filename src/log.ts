/**
 * spacetail's own log: pino, one JSON line an event. Secrets are taken out by path and, since an error
 * text or a child's output may quote one, by value in the finished line.
 */
import { writeSync } from 'node:fs';
import { withoutKeys } from './errors.ts';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

const secretPaths = [
  'authKey',
  'clientSecret',
  'idToken',
  'proxyToken',
  'token',
  'key',
  'authorization',
  'password',
];

/** A function that replaces each of the secrets, also in JSON-escaped and URL-encoded form, and what looks like a key. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set(
    secrets.flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
    ]),
  );
  // The longest first: one secret may be the beginning of another.
  const ordered = [...forms].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  return (text) =>
    withoutKeys(ordered.reduce((cleaned, form) => cleaned.replaceAll(form, '[redacted]'), text));
}

/** Writes to an open file at once; a line that a full disk refuses is lost, for it must not end the run. */
export function fdDestination(fd: number): DestinationStream {
  return {
    write(line: string) {
      try {
        writeSync(fd, line);
      } catch {
        // pino.destination emits an error here, which nobody could handle better.
      }
    },
  };
}

export interface LoggerOptions {
  readonly level: string;
  readonly destination: DestinationStream;
  readonly secrets: readonly string[];
}

export function createLogger(options: LoggerOptions): Logger {
  const redact = redactor(options.secrets);
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths.flatMap((path) => [path, `*.${path}`]), censor: '[redacted]' },
    },
    { write: (line: string) => options.destination.write(redact(line)) },
  );
}
