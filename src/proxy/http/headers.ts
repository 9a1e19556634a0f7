/**
 * Fields on their way through a proxy, as flat raw lists (`[name, value, name, value, …]`) so that
 * order, case and repetition survive. RFC 9110 7.6.
 */

/** RFC 9110 7.6.1, with Proxy-Connection (never standard, still sent) and the two proxy credentials. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that a Connection field cannot take out: they decide framing and destination. */
const NEVER_NAMED = new Set(['content-length', 'host']);

const NONE: ReadonlySet<string> = new Set();

export const VIA = '1.1 spacetail';

/** One pair after the other. */
export function* pairs(raw: readonly string[]): Generator<[name: string, value: string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] as string, raw[at + 1] as string];
}

/** All values of a field, in order. */
export function valuesOf(raw: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const key = raw[at] as string;
    // Every request is looked through several times: the lengths tell nearly all apart.
    if (key.length === name.length && key.toLowerCase() === name)
      values.push(raw[at + 1] as string);
  }
  return values;
}

/** The comma-separated members of a list field, trimmed, in lower case, without empty ones. */
export function tokensOf(raw: readonly string[], name: string): string[] {
  const values = valuesOf(raw, name);
  if (values.length === 0) return values;
  return values
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}

/** `raw` without what belongs to this one connection (RFC 9110 7.6.1). */
export function endToEnd(raw: readonly string[]): string[] {
  const tokens = tokensOf(raw, 'connection');
  const named = tokens.length === 0 ? NONE : new Set(tokens);
  const kept: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] as string;
    const key = name.toLowerCase();
    if (HOP_BY_HOP.has(key) || (named.has(key) && !NEVER_NAMED.has(key))) continue;
    kept.push(name, raw[at + 1] as string);
  }
  return kept;
}

/**
 * The fields of a request for the next hop. Host is replaced by the target's (RFC 9112 3.2.2: a
 * proxy ignores the received one). Expect and Trailer go: the bridge answers 100 itself once the
 * origin is connected, and trailers of requests are discarded (RFC 9110 6.5.1).
 */
export function requestFields(raw: readonly string[], host: string): string[] {
  const fields = ['Host', host];
  for (const [name, value] of pairs(endToEnd(raw))) {
    const key = name.toLowerCase();
    if (key === 'host' || key === 'expect' || key === 'trailer') continue;
    fields.push(name, key === 'max-forwards' ? lessOne(value) : value);
  }
  return appendVia(fields);
}

/** The fields of a response for the client. */
export function responseFields(raw: readonly string[]): string[] {
  return appendVia(endToEnd(raw));
}

/**
 * Why a request's framing cannot be passed on unchanged, or undefined. Node's parser has refused
 * most of it by now (both lengths, two lengths, signs); what is left is what it would accept.
 */
export function framingProblem(raw: readonly string[], httpVersion: string): string | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return `HTTP/${httpVersion}`;
  const codings = valuesOf(raw, 'transfer-encoding');
  const lengths = valuesOf(raw, 'content-length');
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0]?.trim().toLowerCase() !== 'chunked') {
      return 'Transfer-Encoding other than a single "chunked"';
    }
    if (lengths.length > 0) return 'Content-Length beside Transfer-Encoding';
    if (httpVersion !== '1.1') return `Transfer-Encoding in HTTP/${httpVersion}`;
  }
  if (lengths.length > 1) return 'more than one Content-Length';
  if (lengths[0] !== undefined && !/^\d{1,15}$/u.test(lengths[0]))
    return 'Content-Length is not a number';
  return undefined;
}

/** RFC 9112 3.2: one Host field in HTTP/1.1, at most one before. */
export function hostProblem(raw: readonly string[], httpVersion: string): string | undefined {
  const hosts = valuesOf(raw, 'host');
  if (hosts.length > 1) return 'more than one Host field';
  if (hosts.length === 0 && httpVersion === '1.1') return 'no Host field';
  return undefined;
}

/** RFC 9110 7.6.3: a proxy adds itself to Via in every message it forwards. */
function appendVia(fields: string[]): string[] {
  fields.push('Via', VIA);
  return fields;
}

/** RFC 9110 7.6.2; TRACE and OPTIONS with 0 are answered before this. */
function lessOne(value: string): string {
  return /^\d{1,9}$/u.test(value) && value !== '0' ? String(Number(value) - 1) : value;
}
