import { canonicalAddress } from '../../ip/addresses.ts';
import { toAscii } from '../local-api/names.ts';

/** More than any spelling of an address takes. */
const MAX_LENGTH = 128;
const isAscii = /^\p{ASCII}*$/u;

/**
 * The canonical form of an IP literal in any spelling a client library understands: `0x7f.1`,
 * `2130706433`, `127.1`, `0177.0.0.1`, brackets, one trailing dot, full-width digits, IPv4-mapped
 * IPv6; a zone is dropped. `undefined` for what is no address (WHATWG URL, host parsing).
 */
export function canonicalLiteral(host: string): string | undefined {
  if (host.length > MAX_LENGTH) return undefined;
  return (
    canonicalAddress(host) ?? (isAscii.test(host) ? undefined : canonicalAddress(toAscii(host)))
  );
}

/** Whether the last label is a number: then it is a malformed address, never a name (WHATWG URL, "ends in a number"). */
export function endsInNumber(name: string): boolean {
  return /^(?:\d+|0x[\da-f]*)$/.test(name.slice(name.lastIndexOf('.') + 1));
}
