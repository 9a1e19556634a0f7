/** The lines of the access log: pino's JSON with the time first, safe to print on a terminal. */
import { pino } from 'pino';

/**
 * @param msg - what kind of line it is
 * @param fields - as JSON without the braces, escaped by `jsonText` or `jsonFields`
 */
export type WriteLine = (
  head: {
    readonly timeMs: number;
    readonly level: 'debug' | 'info' | 'warn';
    readonly msg: string;
  },
  fields: string,
) => void;

export function createJsonLines(write: (line: string) => void): WriteLine {
  let line = '';
  const log = pino(
    // pino puts the level first; with that left out, its time stamp is the line's beginning.
    { base: null, formatters: { level: () => ({}) }, timestamp: () => line },
    { write },
  );
  const timeText = rfc3339();
  return ({ timeMs, level, msg }, fields) => {
    const head = `"time":"${timeText(timeMs)}","level":"${level}","msg":"${msg}"`;
    // Ready-made: pino's way through the fields, one by one, takes several times as long.
    line = fields === '' ? head : `${head},${fields}`;
    log.info({});
  };
}

/** Milliseconds since the epoch as text; the lines of one second share all but three digits. */
function rfc3339(): (timeMs: number) => string {
  let secondMs = Number.NaN;
  let text = '';
  return (timeMs) => {
    const ms = Math.floor(timeMs) % 1000;
    if (timeMs - ms !== secondMs) {
      secondMs = Math.floor(timeMs) - ms;
      text = new Date(secondMs).toISOString().slice(0, -'000Z'.length);
    }
    return `${text}${String(ms).padStart(3, '0')}Z`;
  };
}

/** Printable ASCII without what JSON escapes; nearly all strings of a log are so. */
const plain = /^[ !#-[\]-~]*$/;

/** A string, or null, in JSON, with everything escaped that could move a terminal's cursor. */
export function jsonText(value: string | null): string {
  if (value === null) return 'null';
  return plain.test(value) ? `"${value}"` : escapeInvisible(JSON.stringify(value));
}

/** The fields of an object of any kind. */
export function jsonFields(fields: object): string {
  return escapeInvisible(JSON.stringify(fields).slice(1, -1));
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
