import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../addresses.ts';

/** Of a socket's end, as Node writes it; an IPv4-mapped one is the IPv4 address that it means. */
export function addressOf(host: string): ipaddr.IPv4 | ipaddr.IPv6 {
  return ipaddr.parse(canonicalAddress(host) ?? host);
}

/** Mostly it is 127.0.0.1, again and again. */
const mostHosts = 256;

/** What is made of an address, kept for the next time: `of(host)`. */
export class ByHost<Value> {
  readonly #make: (host: string) => Value;
  readonly #made = new Map<string, Value>();

  constructor(make: (host: string) => Value) {
    this.#make = make;
  }

  of(host: string): Value {
    const known = this.#made.get(host);
    if (known !== undefined) return known;
    const made = this.#make(host);
    if (this.#made.size >= mostHosts) this.#made.clear();
    this.#made.set(host, made);
    return made;
  }
}
