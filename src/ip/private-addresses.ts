/** Addresses that lead to a different network in each place: any tailnet may serve a route to them. */
import { addressBytes, contains, parsePrefix } from './prefixes.ts';

const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  // Shared address space, and with it every tailnet's own.
  '100.64.0.0/10',
  'fc00::/7',
].map((text) => parsePrefix(text));

/** @param ip - canonical literal */
export function isPrivate(ip: string): boolean {
  const bytes = addressBytes(ip);
  return PRIVATE.some((prefix) => prefix !== undefined && contains(prefix, bytes));
}
