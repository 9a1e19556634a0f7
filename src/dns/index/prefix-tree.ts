/**
 * Longest-prefix match over IPv4 and IPv6 routes: a path-compressed binary trie in typed arrays, so
 * that a worker hands it over without a copy. A look-up takes at most as many steps as the prefix has bits.
 */
import { trimmed, withRoom } from './grow.ts';
import type { Family } from './ip.ts';

/** Four words a node; node 0 is the root of IPv4 (its bits start at 96), node 1 of IPv6. */
export interface PrefixTree {
  readonly keys: Uint32Array<ArrayBuffer>;
  readonly depths: Uint8Array<ArrayBuffer>;
  /** Two a node; 0 is none. */
  readonly children: Uint32Array<ArrayBuffer>;
  /** What the prefix stands for, >= 0; -1 at nodes that only branch. */
  readonly values: Int32Array<ArrayBuffer>;
}

const IPV4_OFFSET = 96;

function depthOf(family: Family, bits: number): number {
  return family === 4 ? bits + IPV4_OFFSET : bits;
}

function bitAt(words: Uint32Array, offset: number, depth: number): 0 | 1 {
  return ((words[offset + (depth >> 5)]! >>> (31 - (depth & 31))) & 1) as 0 | 1;
}

/** How many leading bits two keys share, at most `limit`. */
function sharedBits(
  a: Uint32Array,
  aAt: number,
  b: Uint32Array,
  bAt: number,
  limit: number,
): number {
  for (let word = 0; word * 32 < limit; word++) {
    const difference = a[aAt + word]! ^ b[bAt + word]!;
    if (difference !== 0) return Math.min(limit, word * 32 + Math.clz32(difference));
  }
  return limit;
}

export class PrefixTreeBuilder {
  #keys = new Uint32Array(256);
  #depths = new Uint8Array(64);
  #children = new Uint32Array(128);
  #values = new Int32Array(64).fill(-1);
  #size = 2;

  constructor() {
    this.#depths[0] = IPV4_OFFSET;
  }

  /** The value at exactly this prefix, or -1. */
  get(family: Family, words: Uint32Array, bits: number): number {
    const depth = depthOf(family, bits);
    let node = family === 4 ? 0 : 1;
    for (;;) {
      const nodeDepth = this.#depths[node]!;
      if (nodeDepth > depth || sharedBits(this.#keys, node * 4, words, 0, nodeDepth) < nodeDepth)
        return -1;
      if (nodeDepth === depth) return this.#values[node]!;
      node = this.#children[node * 2 + bitAt(words, 0, nodeDepth)]!;
      if (node === 0) return -1;
    }
  }

  /** Sets the value of a prefix whose host bits are clear; a later value replaces an earlier one. */
  set(family: Family, words: Uint32Array, bits: number, value: number): void {
    const depth = depthOf(family, bits);
    let node = family === 4 ? 0 : 1;
    for (;;) {
      const nodeDepth = this.#depths[node]!;
      if (nodeDepth === depth) {
        this.#values[node] = value;
        return;
      }
      const link = node * 2 + bitAt(words, 0, nodeDepth);
      const child = this.#children[link]!;
      if (child === 0) {
        this.#children[link] = this.#add(words, 0, depth, value);
        return;
      }
      const childDepth = this.#depths[child]!;
      const shared = sharedBits(this.#keys, child * 4, words, 0, Math.min(depth, childDepth));
      if (shared < childDepth) {
        const branch = this.#add(words, 0, shared, -1);
        this.#children[branch * 2 + bitAt(this.#keys, child * 4, shared)] = child;
        this.#children[link] = branch;
        node = branch;
      } else node = child;
    }
  }

  finish(): PrefixTree {
    return {
      keys: trimmed(this.#keys, this.#size * 4),
      depths: trimmed(this.#depths, this.#size),
      children: trimmed(this.#children, this.#size * 2),
      values: trimmed(this.#values, this.#size),
    };
  }

  #add(words: Uint32Array, offset: number, depth: number, value: number): number {
    const node = this.#size++;
    this.#keys = withRoom(this.#keys, this.#size * 4);
    this.#depths = withRoom(this.#depths, this.#size);
    this.#children = withRoom(this.#children, this.#size * 2);
    this.#values = withRoom(this.#values, this.#size);
    // Bits below the depth stay in a branch's key: every comparison stops at the depth.
    for (let word = 0; word < 4; word++) this.#keys[node * 4 + word] = words[offset + word]!;
    this.#depths[node] = depth;
    this.#values[node] = value;
    return node;
  }
}

/** The value of the longest prefix that holds the address, or -1. */
export function longestPrefix(tree: PrefixTree, family: Family, words: Uint32Array): number {
  let best = -1;
  let node = family === 4 ? 0 : 1;
  for (;;) {
    const depth = tree.depths[node]!;
    if (sharedBits(tree.keys, node * 4, words, 0, depth) < depth) return best;
    if (tree.values[node]! >= 0) best = tree.values[node]!;
    if (depth === 128) return best;
    node = tree.children[node * 2 + bitAt(words, 0, depth)]!;
    if (node === 0) return best;
  }
}
