/**
 * Edits a saved environment: lines `NAME=value`, plain or after `export` / `declare -x`, the value as the
 * shell writes it. Only the assignments that the caller decides on change; every other byte stays.
 *
 * Texts are byte strings (latin1), so that no encoding is lost or guessed.
 */

export type Edit =
  | { readonly kind: 'keep' }
  | { readonly kind: 'remove' }
  | { readonly kind: 'replace'; readonly value: string };

const assignment =
  /[ \t]*((?:export|declare[ \t]+-[A-Za-z]*x[A-Za-z]*|typeset[ \t]+-[A-Za-z]*x[A-Za-z]*)[ \t]+)?([A-Za-z_]\w*)=/y;
const lineEnd = /\r?\n|\r?$/g;

interface Value {
  readonly text: string;
  /** Where the value's own bytes end. */
  readonly end: number;
}

/** @param decide told the name and the value without its quotes */
export function editEnvironment(
  text: string,
  decide: (name: string, value: string) => Edit,
): string {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    assignment.lastIndex = at;
    const match = assignment.exec(text);
    const start = match === null ? at : assignment.lastIndex;
    const value =
      match === null ? plainLine(text, at) : readValue(text, start, match[1] !== undefined);
    const next = endOfLine(text, value.end).after;
    const edit = match === null ? ({ kind: 'keep' } as const) : decide(match[2] ?? '', value.text);
    if (edit.kind === 'keep') parts.push(text.slice(at, next));
    if (edit.kind === 'replace') {
      parts.push(
        text.slice(at, start),
        quoteLike(text[start] ?? '', edit.value),
        text.slice(value.end, next),
      );
    }
    at = next;
  }
  return parts.join('');
}

/** A value that starts with a quote may go over several lines; after `export` any shell word may. */
function readValue(text: string, start: number, isShell: boolean): Value {
  const isQuoted = /['"]|\$'/y;
  isQuoted.lastIndex = start;
  const word = isShell || isQuoted.test(text) ? shellWord(text, start) : undefined;
  // Also for a quote that is never closed: `env` prints `MSG='tis` as it is.
  return word ?? plainLine(text, start);
}

function plainLine(text: string, start: number): Value {
  const { before } = endOfLine(text, start);
  return { text: text.slice(start, before), end: before };
}

function endOfLine(text: string, from: number): { before: number; after: number } {
  lineEnd.lastIndex = from;
  const match = lineEnd.exec(text);
  const before = match?.index ?? text.length;
  return { before, after: before + (match?.[0].length ?? 0) };
}

const segment = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\$'((?:[^'\\]|\\[^])*)'|\\([^])|([^\s'"\\]+)/y;

/** One shell word up to the end of its line; `undefined` when something else follows it or a quote stays open. */
function shellWord(text: string, start: number): Value | undefined {
  let at = start;
  let value = '';
  for (;;) {
    segment.lastIndex = at;
    const match = segment.exec(text);
    if (match === null) break;
    const [, single, double, ansi, escaped, bare] = match;
    value += single ?? double?.replaceAll(/\\([$`"\\])/g, '$1').replaceAll('\\\n', '') ?? '';
    value += ansi === undefined ? '' : decodeAnsi(ansi);
    value += escaped ?? bare ?? '';
    at = segment.lastIndex;
  }
  const rest = /[ \t]*(?=\r?\n|\r?$)/y;
  rest.lastIndex = at;
  return rest.test(text) ? { text: value, end: at } : undefined;
}

const ansiEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  v: '\v',
};

/** bash's `$'…'` (bash(1), QUOTING). */
function decodeAnsi(text: string): string {
  return text.replaceAll(/\\(x[\dA-Fa-f]{1,2}|[0-7]{1,3}|[^])/g, (_, code: string) => {
    if (code.startsWith('x') && code.length > 1)
      return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    return ansiEscapes[code] ?? code;
  });
}

/** In the style of the value that stood there. */
function quoteLike(firstCharacter: string, value: string): string {
  if (firstCharacter === '"') return `"${value.replaceAll(/[$`"\\]/g, String.raw`\$&`)}"`;
  const isSafe = /^[\w@%+=:,./[\]-]*$/.test(value);
  return firstCharacter !== "'" && firstCharacter !== '$' && isSafe
    ? value
    : `'${value.replaceAll("'", `'\\''`)}'`;
}
