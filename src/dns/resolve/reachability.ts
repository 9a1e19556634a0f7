import { discoPing } from './diagnose.ts';
import type { LocalApi } from '../local-api/local-api.ts';
import type { Netmap } from '../index/netmap.ts';
import { canonicalLiteral } from './literal.ts';

/** A peer that is there answers within 300 ms; nobody waits longer for one that is not. */
const MEET_TIMEOUT_MS = 1_500;
const ONE_PING_MS = 250;
/** Of those that split DNS asks. */
const MAX_RESOLVERS = 8;

/**
 * Which peers know this node. A peer learns of a node that has just joined a moment after the node learns
 * of the peer; a packet sent before that costs WireGuard's 5 s until the next handshake, a disco ping sent
 * before that costs nothing. Measured on a real tailnet: first answer after 263 ms instead of 5 to 8 s.
 */
export class Reachability {
  readonly #api: LocalApi;
  readonly #asked = new Map<string, Promise<boolean>>();
  readonly #stop: AbortSignal;

  constructor(api: LocalApi, stop: AbortSignal) {
    this.#api = api;
    this.#stop = stop;
  }

  /** Waits until the peer has answered once, `false` after 1.5 s without; at once when it has before. */
  meet(address: string): Promise<boolean> {
    const known = this.#asked.get(address);
    if (known !== undefined) return known;
    const asking = this.#untilAnswered(address).then((answered) => {
      if (!answered && this.#asked.get(address) === asking) this.#asked.delete(address);
      return answered;
    });
    this.#asked.set(address, asking);
    return asking;
  }

  /** Waits, briefly, until the peers that split DNS asks know this node. */
  async meetResolvers(netmap: Netmap): Promise<void> {
    const peers = new Set<string>();
    for (const resolver of netmap.suffixes.resolvers) {
      const ip = canonicalLiteral(hostOf(resolver));
      const owner = ip === undefined ? undefined : netmap.ownerOf(ip);
      const address =
        owner?.kind === 'peer' || owner?.kind === 'subnet' ? owner.peer.addresses[0] : undefined;
      if (address !== undefined && peers.size < MAX_RESOLVERS) peers.add(address);
    }
    await Promise.all([...peers].map((address) => this.meet(address)));
  }

  /** This node is a new one: nobody knows it yet. */
  forget(): void {
    this.#asked.clear();
  }

  async #untilAnswered(address: string): Promise<boolean> {
    const limit = AbortSignal.any([this.#stop, AbortSignal.timeout(MEET_TIMEOUT_MS)]);
    while (!limit.aborted) {
      const one = AbortSignal.any([limit, AbortSignal.timeout(ONE_PING_MS)]);
      const answered = await discoPing(this.#api, address, one).catch(() => false);
      if (answered) return true;
      // A refusal, unlike silence, comes at once: it must not be asked for again and again.
      if (!one.aborted) {
        await new Promise((resolve) => one.addEventListener('abort', resolve, { once: true }));
      }
    }
    return false;
  }
}

/** `10.0.0.53`, `10.0.0.53:53`, `[fd00::53]:53`, `http://100.64.0.2:80/dns-query` → the address. */
function hostOf(resolver: string): string {
  const authority = /^[a-z]+:\/\/([^/]*)/.exec(resolver)?.[1] ?? resolver;
  return /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(authority)?.slice(1).find(Boolean) ?? authority;
}
