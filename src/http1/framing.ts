/** Where a message ends: RFC 9112 6. What two readers could read differently is ambiguous, and never guessed. */
import type { RequestHead, ResponseHead, Version } from './head.ts';
import { valuesOf } from './fields.ts';

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** An answer without a length: until the connection ends. */
  | { readonly kind: 'close' };

export type FramingRead = Framing | { readonly kind: 'ambiguous'; readonly detail: string };

const NONE: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'close' };
/** 10^15 - 1 is a whole number in JavaScript too. */
const MOST_DIGITS = 15;

export function requestFraming(head: RequestHead): FramingRead {
  const framing = framingOf(head.fields, head.version);
  return framing ?? NONE;
}

/** @param method - of the request that it answers */
export function responseFraming(head: ResponseHead, method: string): FramingRead {
  const { status } = head;
  const framing = framingOf(head.fields, head.version);
  if (framing?.kind === 'ambiguous') return framing;
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NONE;
  return framing ?? UNTIL_CLOSE;
}

function framingOf(fields: readonly string[], version: Version): FramingRead | undefined {
  const codings = valuesOf(fields, 'transfer-encoding');
  const lengths = valuesOf(fields, 'content-length');
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0]!.toLowerCase() !== 'chunked') {
      return ambiguous('Transfer-Encoding other than a single "chunked"');
    }
    if (lengths.length > 0) return ambiguous('Content-Length beside Transfer-Encoding');
    if (version !== '1.1') return ambiguous(`Transfer-Encoding in HTTP/${version}`);
    return CHUNKED;
  }
  const [length] = lengths;
  if (length === undefined) return undefined;
  if (lengths.length > 1) return ambiguous('more than one Content-Length');
  const bytes = decimal(length);
  if (bytes === undefined) return ambiguous('Content-Length is not a number');
  return bytes === 0 ? NONE : { kind: 'length', bytes };
}

function decimal(text: string): number | undefined {
  if (text.length === 0 || text.length > MOST_DIGITS) return undefined;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
  }
  return Number(text);
}

function ambiguous(detail: string): FramingRead {
  return { kind: 'ambiguous', detail };
}
