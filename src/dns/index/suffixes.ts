/** Which names are the tailnet's: they never leave by the system resolver, tailscaled alive or dead. */
import { type DnsConfig, noDnsConfig } from '../local-api/dns-config.ts';
import { longestSuffix } from '../local-api/names.ts';

/** Tailscale's own zones: until the first netmap says which suffix is ours, all of them may be. */
const ANY_TAILNET: ReadonlySet<string> = new Set(['ts.net', 'tailscale.net']);

export type OwnedBy =
  /** Under the MagicDNS suffix, or a suffix without resolvers: the netmap alone knows it. */
  | { readonly kind: 'netmap'; readonly suffix: string }
  /** Under a suffix with resolvers of its own. */
  | { readonly kind: 'split'; readonly suffix: string }
  /** Under a suffix that was the tailnet's earlier in this run. */
  | { readonly kind: 'withdrawn'; readonly suffix: string };

export class Suffixes {
  /** Every MagicDNS suffix of this run: a restarted tailscaled may come back under another. */
  readonly #magicDns = new Set<string>();
  /** Every suffix that its DNS configuration has named in this run. */
  readonly #named = new Set<string>();
  #dns: DnsConfig = noDnsConfig;

  get searchDomains(): readonly string[] {
    return this.#dns.searchDomains;
  }

  /** Where split DNS asks. */
  get resolvers(): readonly string[] {
    return this.#dns.resolvers;
  }

  /** The tailnet's resolvers are meant to be asked for every name. */
  get overrides(): boolean {
    return this.#dns.overrides;
  }

  /**
   * What the netmap says now. `dns`: `undefined` where tailscaled does not say, which changes nothing; `noDnsConfig`
   * where the user does not accept it, so that its suffixes are names like any other.
   */
  update(suffix: string, dns: DnsConfig | undefined): void {
    if (suffix !== '') this.#magicDns.add(suffix);
    if (dns === undefined) return;
    this.#dns = dns;
    if (dns === noDnsConfig) this.#named.clear();
    for (const named of [...dns.splitSuffixes, ...dns.localSuffixes]) this.#named.add(named);
  }

  /** All of it as text, to see whether it has changed. */
  configuration(): string {
    const { splitSuffixes, localSuffixes, extraRecords: _inIndex, ...others } = this.#dns;
    return JSON.stringify([[...this.#magicDns], [...splitSuffixes], [...localSuffixes], others]);
  }

  ownerOf(name: string): OwnedBy | undefined {
    const split = longestSuffix(name, this.#dns.splitSuffixes);
    const netmap = this.#netmapSuffix(name);
    if (split !== undefined && split.length >= (netmap?.length ?? 0))
      return { kind: 'split', suffix: split };
    if (netmap !== undefined) return { kind: 'netmap', suffix: netmap };
    const withdrawn = longestSuffix(name, this.#named);
    return withdrawn === undefined ? undefined : { kind: 'withdrawn', suffix: withdrawn };
  }

  #netmapSuffix(name: string): string | undefined {
    if (this.#magicDns.size === 0) return longestSuffix(name, ANY_TAILNET);
    const own = longestSuffix(name, this.#magicDns);
    const local = longestSuffix(name, this.#dns.localSuffixes);
    return (own?.length ?? 0) >= (local?.length ?? 0) ? own : local;
  }
}
