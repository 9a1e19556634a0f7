/**
 * The fields of a message as a flat list (`[name, value, name, value, …]`) of latin1 strings: order, spelling,
 * repetition and bytes stay as they were sent.
 */
import { CR, LF, isBlank, spanOf, TEXT, TOKEN } from './bytes.ts';

export type FieldsRead = string[] | { readonly problem: string };

/**
 * Reads field lines, each with its line end (RFC 9112 5).
 *
 * @param isStrict - a request: no folded lines, no space before the colon. In an answer a fold becomes spaces, and
 *   that space is taken away, as RFC 9112 5.1 and 5.2 have it for a proxy.
 */
export function readFields(bytes: Buffer, from: number, to: number, isStrict: boolean): FieldsRead {
  const fields: string[] = [];
  const text = bytes.toString('latin1', from, to);
  for (let at = from; at < to;) {
    const lf = bytes.indexOf(LF, at);
    const lineEnd = bytes[lf - 1] === CR ? lf - 1 : lf;
    const next = lf + 1;
    if (isBlank(bytes[at])) {
      if (isStrict || fields.length === 0) return { problem: 'a folded line among the fields' };
      const value = valueOf(bytes, at, lineEnd);
      if (value === undefined) return { problem: 'a control character in a field' };
      const [start, end] = value;
      fields[fields.length - 1] += ` ${text.slice(start - from, end - from)}`;
      at = next;
      continue;
    }
    const nameEnd = spanOf(TOKEN, bytes, at, lineEnd);
    const colon = isStrict ? nameEnd : afterBlanks(bytes, nameEnd);
    if (nameEnd === at || bytes[colon] !== 0x3a || colon >= lineEnd) {
      return { problem: fieldProblem(bytes, at, nameEnd, lineEnd) };
    }
    const value = valueOf(bytes, colon + 1, lineEnd);
    if (value === undefined) return { problem: 'a control character in a field' };
    const [start, end] = value;
    fields.push(text.slice(at - from, nameEnd - from), text.slice(start - from, end - from));
    at = next;
  }
  return fields;
}

function fieldProblem(bytes: Buffer, at: number, nameEnd: number, lineEnd: number): string {
  if (nameEnd === lineEnd) return 'a field without a colon';
  if (nameEnd === at) return 'a field without a name';
  return isBlank(bytes[nameEnd])
    ? 'a space before the colon of a field'
    : 'a character in the name of a field that no name has';
}

/** Without the whitespace around it; `undefined` where a byte may not stand in a value. */
function valueOf(
  bytes: Buffer,
  from: number,
  to: number,
): [start: number, end: number] | undefined {
  if (spanOf(TEXT, bytes, from, to) !== to) return undefined;
  const start = Math.min(afterBlanks(bytes, from), to);
  let end = to;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return [start, end];
}

function afterBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (isBlank(bytes[at])) at += 1;
  return at;
}

/** All values of a field, in order. `name` is in lower case. */
export function valuesOf(fields: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const key = fields[at]!;
    // The lengths tell nearly all apart.
    if (key.length === name.length && key.toLowerCase() === name) values.push(fields[at + 1]!);
  }
  return values;
}

/** The comma-separated members of a list field, trimmed, in lower case, without empty ones. */
export function tokensOf(fields: readonly string[], name: string): string[] {
  const values = valuesOf(fields, name);
  if (values.length === 0) return values;
  return values
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}
