import ipaddr from 'ipaddr.js';
import { formatIp, newIpWords, readIp } from '../index/ip.ts';
import { toAscii } from '../index/names.ts';

const scratch = newIpWords();

/**
 * The canonical form of an IP literal in any spelling a client library understands: `0x7f.1`,
 * `2130706433`, `127.1`, `0177.0.0.1`, brackets, one trailing dot, full-width digits, IPv4-mapped
 * IPv6; a zone is dropped. `undefined` for what is no address (WHATWG URL, host parsing).
 */
export function canonicalLiteral(host: string): string | undefined {
  const family = readIp(host, scratch);
  if (family !== 0) return formatIp(family, scratch);
  if (host.length > 128) return undefined;
  let bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (bare.includes(':')) {
    const zone = bare.indexOf('%');
    if (zone > 0) bare = bare.slice(0, zone);
  } else if (bare.endsWith('.')) bare = bare.slice(0, -1);
  return process(bare) ?? process(toAscii(bare));
}

function process(text: string): string | undefined {
  if (text === '' || !ipaddr.isValid(text)) return undefined;
  return ipaddr.process(text).toString();
}

/** Whether the last label is a number: then it is a malformed address, never a name (WHATWG URL, "ends in a number"). */
export function endsInNumber(name: string): boolean {
  return /^(?:\d+|0x[\da-f]*)$/.test(name.slice(name.lastIndexOf('.') + 1));
}
