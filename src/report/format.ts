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

/** Both ends of a long text: the domain and the port stand at the end. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.floor((width - 1) / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
