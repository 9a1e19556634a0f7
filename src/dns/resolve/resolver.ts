/**
 * A host as a client wrote it → addresses. One straight line: literal → direct list → hosts file for short names →
 * netmap → 4via6 → the tailnet's suffixes and split DNS → hosts file → search domains → the tailnet's or the system's resolver.
 */
import { type HostsFile } from './hosts-file.ts';
import { canonicalLiteral, endsInNumber } from './literal.ts';
import { PublicNames } from './public-names.ts';
import { isAbsolute, normaliseName } from '../local-api/names.ts';
import type { Netmap } from '../index/netmap.ts';
import { found, none, resolutionOf, unavailable } from './resolutions.ts';
import type { SplitDns } from './split-dns.ts';
import type { SystemResolver } from './system-resolver.ts';
import type { NameSource, Resolution, Resolver } from '../../tailnet.ts';
import { readVia6Name } from './via6.ts';
import { withinTime } from './within-time.ts';

const MAX_ALIASES = 8;
/** More names than a run talks to; beyond, what left the netmap is a name like any other. */
const MAX_REMEMBERED = 10_000;

export interface ResolverParts {
  readonly netmap: Netmap;
  readonly splitDns: SplitDns;
  readonly system: SystemResolver;
  readonly hosts: HostsFile;
  /** SPACETAIL_DIRECT: names (normalised) that never belong to a tailnet. */
  readonly direct: (name: string) => boolean;
  /** Names that are another tailnet's of the run: nobody is asked for them by this one. */
  readonly foreign?: ((name: string) => boolean) | undefined;
}

export function createResolver(parts: ResolverParts): Resolver {
  const steps = new Steps(parts);
  const known = (host: string): Resolution | undefined => {
    const literal = canonicalLiteral(host);
    if (literal !== undefined) return found(host, 'literal', false, [literal]);
    const name = normaliseName(host);
    if (name !== undefined && !endsInNumber(name)) return steps.known(name);
    const said = JSON.stringify(host.slice(0, 100));
    return none(host, false, `${said} is neither a name nor an address`);
  };
  return {
    known,
    async resolve(host, signal) {
      signal.throwIfAborted();
      const answer = known(host);
      if (answer !== undefined) return answer;
      // Known to be a name, since it is not known otherwise.
      const name = normaliseName(host) ?? host;
      return withinTime(steps.ask(name, isAbsolute(host)), name, steps.owns(name), signal);
    },
    async searched(host) {
      const name = normaliseName(host);
      return name === undefined || isAbsolute(host) ? undefined : steps.searched(name);
    },
  };
}

class Steps {
  readonly #parts: ResolverParts;
  readonly #publicNames: PublicNames;
  /** Names that the netmap answered in this run. */
  readonly #wereNodes = new Set<string>();

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    this.#publicNames = new PublicNames(parts, (name) => this.owns(name) || this.#isForeign(name));
  }

  owns(name: string): boolean {
    const { netmap, direct, hosts } = this.#parts;
    if (direct(name)) return false;
    return (
      netmap.suffixes.ownerOf(name) !== undefined ||
      (netmap.index?.lookup(name) !== undefined && hosts.shadows(name) === undefined) ||
      this.#wereNodes.has(name) ||
      readVia6Name(name, netmap.summary?.suffix) !== undefined
    );
  }

  /** By the hosts file and the tailnet's search domains alone. */
  async searched(name: string): Promise<Resolution | undefined> {
    if (this.#parts.direct(name)) return undefined;
    return this.#fromHosts(name) ?? this.#fromSearch(name, 0);
  }

  #isForeign(name: string): boolean {
    return this.#parts.foreign?.(name) === true;
  }

  /** What is known without asking anybody. */
  known(name: string, source?: NameSource): Resolution | undefined {
    const { netmap, direct } = this.#parts;
    if (direct(name)) return undefined;
    const listed = this.#parts.hosts.shadows(name);
    if (listed !== undefined) return found(name, 'hosts', false, listed);
    const index = netmap.index;
    let asked = name;
    for (let step = 0; step < MAX_ALIASES; step++) {
      const answer = index?.lookup(asked);
      if (answer === undefined) break;
      if (answer.kind === 'addresses') {
        if (answer.addresses.length === 0) return none(name, true, `${name} has no address`);
        if (this.#wereNodes.size < MAX_REMEMBERED) this.#wereNodes.add(name);
        return found(
          name,
          source ?? (step > 0 ? 'extra-records' : answer.source),
          true,
          answer.addresses,
        );
      }
      asked = answer.target;
    }
    const via6 = readVia6Name(asked, index?.summary.suffix);
    return via6 === undefined ? undefined : found(name, source ?? '4via6', true, [via6.address]);
  }

  async ask(name: string, absolute: boolean, depth = 0): Promise<Resolution> {
    const { netmap, direct, hosts } = this.#parts;
    if (direct(name)) return this.#fromHosts(name) ?? this.#publicNames.bySystem(name, absolute);
    const alias = netmap.index?.lookup(name);
    if (alias?.kind === 'alias') return this.#follow(name, alias.target, 'extra-records', depth);
    const owner = netmap.suffixes.ownerOf(name);
    if (owner !== undefined) {
      if (owner.kind === 'split') return this.#fromSplitDns(name, 'split-dns', depth);
      return owner.kind === 'netmap'
        ? this.#notInNetmap(name, owner.suffix)
        : unavailable(name, `the tailnet resolved ${owner.suffix} in this run and does no more`);
    }
    if (this.#isForeign(name)) return none(name, true, `${name} is another tailnet's name`);
    // While a node is replaced its name is nobody's: what was meant for it must not reach a public namesake.
    if (this.#wereNodes.has(name)) {
      return none(name, true, `${name} was a name of the tailnet and is in the netmap no more`);
    }
    const listed = hosts.lookup(name);
    if (listed !== undefined) return found(name, 'hosts', false, listed);
    const searchFirst = !absolute && !name.includes('.');
    const searched = searchFirst ? await this.#fromSearch(name, depth) : undefined;
    if (searched !== undefined) return searched;
    const outside = await this.#publicNames.lookup(name, absolute);
    if (outside.kind !== 'not_found') return outside;
    const late = absolute || searchFirst ? undefined : await this.#fromSearch(name, depth);
    return late ?? { ...outside, nearest: netmap.index?.nearest(name) ?? [] };
  }

  /** The netmap alone knows such names, and it does not know this one. */
  #notInNetmap(name: string, suffix: string): Resolution {
    const { netmap } = this.#parts;
    const state = netmap.state();
    if (netmap.index === undefined)
      return unavailable(name, `${name} is a tailnet's name and there is no netmap yet`);
    if (state.kind !== 'running')
      return unavailable(name, `${name} is not in the last netmap and ${state.detail}`);
    return none(
      name,
      true,
      `no node or record of ${suffix} has this name`,
      netmap.index.nearest(name),
    );
  }

  async #fromSplitDns(name: string, source: NameSource, depth: number): Promise<Resolution> {
    const state = this.#parts.netmap.state();
    if (state.kind !== 'running')
      return unavailable(name, `${name} is resolved over the tailnet, and ${state.detail}`);
    const answer = await this.#parts.splitDns.lookup(name);
    if (answer.kind === 'alias') return this.#follow(name, answer.target, source, depth);
    return resolutionOf(name, source, true, answer);
  }

  /** Another name stands for this one: it is asked by its own rules, and the name stays the tailnet's. */
  async #follow(
    name: string,
    target: string,
    source: NameSource,
    depth: number,
  ): Promise<Resolution> {
    if (depth >= MAX_ALIASES)
      return none(name, true, `${name} is an alias of an alias without end`);
    const answer = this.known(target) ?? (await this.ask(target, true, depth + 1));
    return answer.kind === 'resolved'
      ? { ...answer, host: name, source, owned: true }
      : { ...answer, host: name, owned: true };
  }

  /** The tailnet's search domains, in their order; `undefined` when none has the name. */
  async #fromSearch(name: string, depth: number): Promise<Resolution | undefined> {
    const { netmap } = this.#parts;
    for (const domain of netmap.suffixes.searchDomains) {
      const candidate = normaliseName(`${name}.${domain}`);
      if (candidate === undefined) continue;
      const known = this.known(candidate, 'search');
      if (known !== undefined) return { ...known, host: name };
      if (netmap.suffixes.ownerOf(candidate)?.kind !== 'split') continue;
      const asked = await this.#fromSplitDns(candidate, 'search', depth);
      if (asked.kind === 'resolved' || asked.kind === 'no_answer') return { ...asked, host: name };
    }
    return undefined;
  }

  #fromHosts(name: string): Resolution | undefined {
    const addresses = this.#parts.hosts.lookup(name);
    return addresses === undefined ? undefined : found(name, 'hosts', false, addresses);
  }
}
