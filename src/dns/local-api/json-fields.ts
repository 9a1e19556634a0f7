/** Fields of JSON that others wrote, read with care. */

export type Json = Readonly<Record<string, unknown>>;

const MAX_TEXT = 1024;
const nothing: readonly string[] = [];

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string of bearable length; everything else is ''. */
export function text(value: unknown): string {
  return typeof value === 'string' && value.length <= MAX_TEXT ? value : '';
}

/** The strings of a list, at most `limit`; everything else is left out. */
export function texts(value: unknown, limit: number): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return nothing;
  const kept = value.length > limit ? value.slice(0, limit) : value;
  return kept.every((item) => typeof item === 'string' && item.length <= MAX_TEXT)
    ? (kept as string[])
    : (kept.filter((item) => typeof item === 'string' && item.length <= MAX_TEXT) as string[]);
}

/** Epoch ms; Go's zero time (year 1) and junk are 0. */
export function timeMs(value: unknown): number {
  if (typeof value !== 'string' || value.startsWith('0001-') || value.length > 40) return 0;
  const ms = Date.parse(value);
  return ms > 0 ? ms : 0;
}
