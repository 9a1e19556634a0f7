/** Fields on their way through a proxy, as flat lists (`[name, value, …]`): RFC 9110 7.6. */
import { tokensOf, valuesOf } from '../../http1/fields.ts';
import type { RequestHead } from '../../http1/head.ts';

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

/** RFC 9110 6.5.1: what may not come after the content, since it would have had to be known before it. */
const NEVER_TRAILERS = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'trailer',
]);

const NONE: ReadonlySet<string> = new Set();
const CODING = 'transfer-encoding';

export const VIA = '1.1 spacetail';

/**
 * `fields` without what belongs to this one connection (RFC 9110 7.6.1).
 *
 * @param keepsCoding - the next hop gets chunks too: then the field stays where and as it was
 */
export function endToEnd(fields: readonly string[], keepsCoding = false): string[] {
  const tokens = tokensOf(fields, 'connection');
  const named = tokens.length === 0 ? NONE : new Set(tokens);
  const kept: string[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    const key = name.toLowerCase();
    const isHop = HOP_BY_HOP.has(key) || (named.has(key) && !NEVER_NAMED.has(key));
    if (isHop && !(keepsCoding && key === CODING)) continue;
    kept.push(name, fields[at + 1] as string);
  }
  return kept;
}

export interface RequestFieldsOptions {
  /** The target's authority (RFC 9112 3.2.2: a proxy ignores the received Host). */
  readonly host: string;
  readonly isChunked: boolean;
  /** The protocols of an upgrade: Upgrade belongs to one hop, and this hop wants the same (RFC 9110 7.8). */
  readonly upgrade: string | undefined;
  /** An HTTP/1.0 client knows no Expect (RFC 9110 10.1.1). */
  readonly keepsExpect: boolean;
}

/** The fields of a request for the next hop. */
export function requestFields(
  fields: readonly string[],
  { host, isChunked, upgrade, keepsExpect }: RequestFieldsOptions,
): string[] {
  const kept = endToEnd(fields, isChunked);
  let hasHost = false;
  const sent: string[] = [];
  for (let at = 0; at + 1 < kept.length; at += 2) {
    const name = kept[at] as string;
    const value = kept[at + 1] as string;
    const key = name.toLowerCase();
    if (key === 'expect' && !keepsExpect) continue;
    if (key === 'host' && hasHost) continue;
    hasHost ||= key === 'host';
    sent.push(name, key === 'host' ? host : key === 'max-forwards' ? lessOne(value) : value);
  }
  if (!hasHost) sent.unshift('Host', host);
  if (upgrade !== undefined) sent.push('Connection', 'Upgrade', 'Upgrade', upgrade);
  return appendVia(sent);
}

/** The fields of an answer for the client. */
export function responseFields(fields: readonly string[], isChunked = false): string[] {
  return appendVia(endToEnd(fields, isChunked));
}

/** The trailers that may go on. */
export function trailerFields(fields: readonly string[]): string[] {
  if (fields.length === 0) return [];
  const kept = endToEnd(fields);
  return kept.flatMap((name, at) =>
    at % 2 === 1 || NEVER_TRAILERS.has(name.toLowerCase()) ? [] : [name, kept[at + 1] as string],
  );
}

/**
 * The protocols that a request wants to switch to; `undefined` for none. h2c is a wish that an intermediary may leave
 * out (RFC 9113 3.1 took it back), and the bridge speaks no HTTP/2.
 */
export function upgradeOf(fields: readonly string[]): string | undefined {
  if (!tokensOf(fields, 'connection').includes('upgrade')) return undefined;
  const protocols = valuesOf(fields, 'upgrade')
    .flatMap((value) => value.split(','))
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '' && protocol.toLowerCase() !== 'h2c');
  return protocols.length === 0 ? undefined : protocols.join(', ');
}

/** RFC 9112 3.2: one Host field in HTTP/1.1, at most one before. */
export function hostProblem(fields: readonly string[], version: string): string | undefined {
  const hosts = valuesOf(fields, 'host');
  if (hosts.length > 1) return 'more than one Host field';
  if (hosts.length === 0 && version === '1.1') return 'no Host field';
  return undefined;
}

/** Whether a client lets its connection go on behind this request (RFC 9112 9.3; C.2.2 for HTTP/1.0 and proxies). */
export function letsGoOn({ fields, version }: RequestHead): boolean {
  return (
    version === '1.1' &&
    !tokensOf(fields, 'connection').includes('close') &&
    !tokensOf(fields, 'proxy-connection').includes('close')
  );
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
