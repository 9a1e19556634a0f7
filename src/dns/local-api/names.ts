import { domainToASCII } from 'node:url';

/** RFC 1035: 255 bytes on the wire are 253 characters without the trailing dot. */
const MAX_NAME_LENGTH = 253;
/** More than any spelling of a valid name takes: what is longer is not even converted. */
const MAX_INPUT_LENGTH = 1024;
/** Labels as tailscaled accepts them (util/dnsname: no hostname rules), in punycode. */
const plainName = /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/;

/**
 * A name in the one form that everything here compares: lower case, without its one trailing dot,
 * punycode. `undefined` when it cannot be a DNS name.
 */
export function normaliseName(text: string): string | undefined {
  if (text.length > MAX_INPUT_LENGTH) return undefined;
  const name = withoutTrailingDot(text).toLowerCase();
  if (plainName.test(name)) return name.length <= MAX_NAME_LENGTH ? name : undefined;
  const ascii = toAscii(withoutTrailingDot(text));
  return plainName.test(ascii) && ascii.length <= MAX_NAME_LENGTH ? ascii : undefined;
}

/**
 * Punycode, lower case; '' for what cannot be a name. `domainToASCII` alone reads a host out of a URL's
 * beginning: it cuts `a/b` and drops line feeds.
 */
export function toAscii(text: string): string {
  return /^[A-Za-z\d._\u{80}-\u{10ffff}-]*$/u.test(text) ? domainToASCII(text) : '';
}

function withoutTrailingDot(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}

/** Whether the client wrote the name with a trailing dot: absolute, no search domains. */
export function isAbsolute(text: string): boolean {
  return text.endsWith('.');
}

/** Whether `name` is below `suffix` or the suffix itself; both normalised. */
export function isUnder(name: string, suffix: string): boolean {
  if (suffix === '' || name.length < suffix.length) return false;
  if (name.length === suffix.length) return name === suffix;
  return name.endsWith(suffix) && name.charCodeAt(name.length - suffix.length - 1) === 46;
}

/** The names above `name`, nearest first: `a.b.c` → `b.c`, `c`. */
export function* parentsOf(name: string): Generator<string> {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    yield name.slice(dot + 1);
  }
}

/** The longest of `suffixes` that `name` is under. */
export function longestSuffix(name: string, suffixes: ReadonlySet<string>): string | undefined {
  if (suffixes.has(name)) return name;
  for (const parent of parentsOf(name)) if (suffixes.has(parent)) return parent;
  return undefined;
}
