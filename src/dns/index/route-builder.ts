/** Which peer serves which subnet, from AllowedIPs and PrimaryRoutes. */
import { trimmed, withRoom } from './grow.ts';
import { newIpWords, readPrefix } from './ip.ts';
import type { RouteColumns } from './packed-index.ts';
import { PrefixTreeBuilder } from './prefix-tree.ts';
import { isNeverAPeers, mayBeNodeAddress } from './special-ranges.ts';

/** Shorter ones are an exit node's, or an attempt to swallow the internet in halves. */
const MIN_IPV4_BITS = 8;
const MIN_IPV6_BITS = 7;

/** What an entry of AllowedIPs is. */
export type RouteKind = 'exit' | 'address' | 'subnet' | 'refused';

export class RouteBuilder {
  readonly #tree = new PrefixTreeBuilder();
  readonly #scratch = newIpWords();
  #nodes = new Uint32Array(64);
  #words = new Uint32Array(256);
  #families = new Uint8Array(64);
  #bits = new Uint8Array(64);
  #ranks = new Uint8Array(64);
  #size = 0;

  /** The words of the prefix that was added last. */
  get words(): Uint32Array {
    return this.#scratch;
  }

  /**
   * Adds a prefix that a node serves. Of several nodes with the same one, the highest `rank` has it
   * (primary before standby, online before offline), then the first. A single address of the tailnet's
   * ranges is no subnet: a Service's VIP, routable without accepted routes (net/routemanager).
   */
  add(prefix: string, node: number, rank: number): RouteKind {
    const words = this.#scratch;
    const family = readPrefix(prefix, words);
    if (family === 0) return 'refused';
    const bits = words[4]!;
    if (bits === 0) return 'exit';
    const single = bits === (family === 4 ? 32 : 128);
    if (single && mayBeNodeAddress(family, words)) return 'address';
    if (bits < (family === 4 ? MIN_IPV4_BITS : MIN_IPV6_BITS) || isNeverAPeers(family, words))
      return 'refused';
    const known = this.#tree.get(family, words, bits);
    if (known >= 0) {
      if (rank > this.#ranks[known]!) {
        this.#nodes[known] = node;
        this.#ranks[known] = rank;
      }
      return 'subnet';
    }
    const route = this.#size++;
    this.#nodes = withRoom(this.#nodes, this.#size);
    this.#words = withRoom(this.#words, this.#size * 4);
    this.#families = withRoom(this.#families, this.#size);
    this.#bits = withRoom(this.#bits, this.#size);
    this.#ranks = withRoom(this.#ranks, this.#size);
    this.#nodes[route] = node;
    this.#words.set(words.subarray(0, 4), route * 4);
    this.#families[route] = family;
    this.#bits[route] = bits;
    this.#ranks[route] = rank;
    this.#tree.set(family, words, bits, route);
    return 'subnet';
  }

  finish(): RouteColumns {
    return {
      tree: this.#tree.finish(),
      nodes: trimmed(this.#nodes, this.#size),
      words: trimmed(this.#words, this.#size * 4),
      families: trimmed(this.#families, this.#size),
      bits: trimmed(this.#bits, this.#size),
    };
  }
}
