/** Numbers and names as people read them, and never longer than their column. */

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Powers of 1000, e.g. `1.2 MB`; at most 6 characters below an exabyte. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 kB would print as `1000 kB`.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < byteUnits.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${byteUnits[unit]}`;
}

/** e.g. `0.4 ms`, `12 ms`, `1.5 s`, `3.2 min`, `2.0 h`; `-` for null. */
export function formatMs(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 999.5) return `${ms.toFixed(ms < 9.95 ? 1 : 0)} ms`;
  if (ms < 99_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 5_997_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** `host:port`, IPv6 in brackets; port 0 stands for many. */
export function formatTarget(host: string, port: number): string {
  const name = host === '' ? '(unreadable)' : host;
  if (port === 0) return name;
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
}

/** Without control, format and line characters: a hostile name must not move a terminal's cursor. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

/** At most so many columns: East Asian letters and emoji take two, combining marks none. */
function columnsOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code >= 0x1100 && (code < 0x2000 || code > 0x2bff) ? 2 : 1;
}

/** The beginning of a text that takes at most so many columns. */
function head(characters: readonly string[], width: number): string {
  let columns = 0;
  const end = characters.findIndex((character) => (columns += columnsOf(character)) > width);
  return (end < 0 ? characters : characters.slice(0, end)).join('');
}

/**
 * Fits a text into so many columns.
 * @param cut `middle` keeps both ends, since a domain and a port stand at the end
 */
export function shorten(text: string, width: number, cut: 'middle' | 'end' = 'middle'): string {
  const characters = Array.from(text);
  if (head(characters, width).length === text.length) return text;
  if (cut === 'end') return `${head(characters, width - 1)}…`;
  const left = Math.floor((width - 1) / 3);
  const right = head(characters.toReversed(), width - 1 - left);
  return `${head(characters, left)}…${Array.from(right).toReversed().join('')}`;
}

/** A sentence where the access log is not whole. */
export function lostLines(count: number): string[] {
  return count === 0
    ? []
    : [`${count} lines of the access log were lost: the disk was full or slow`];
}
