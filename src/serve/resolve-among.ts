/**
 * Names of a run with several tailnets: a name under a suffix is asked of the tailnet that owns the suffix, any
 * other of each in the run's order, and only what none of them has is a name of the world outside.
 */
import { canonicalAddress } from '../ip/addresses.ts';
import type { Resolution, Resolver, Tailnet } from '../tailnet.ts';
import { holdersOf, suffixOwner } from '../proxy/decide/tailnets.ts';

export interface Member {
  readonly tailnet: Tailnet;
  readonly resolver: Resolver;
}

type Members = readonly [Member, ...Member[]];

/** Whoever scans a range must not fill the log. */
const mostTold = 1000;

export interface AmongOptions {
  /** SPACETAIL_DIRECT */
  readonly isDirect: (host: string) => boolean;
  /** Hears once of each address that is in several tailnets. */
  readonly warn: (sentence: string) => void;
}

export function resolveAmong(members: Members, options: AmongOptions): Resolver {
  const [first, ...others] = members;
  return others.length === 0 ? first.resolver : new ResolveAmong(members, options);
}

class ResolveAmong implements Resolver {
  readonly #members: Members;
  readonly #isDirect: (host: string) => boolean;
  readonly #warn: (sentence: string) => void;
  readonly #told = new Set<string>();

  constructor(members: Members, { isDirect, warn }: AmongOptions) {
    this.#members = members;
    this.#isDirect = isDirect;
    this.#warn = warn;
  }

  known(host: string, only?: Tailnet): Resolution | undefined {
    const [first] = this.#members;
    if (this.#isDirect(host)) return first.resolver.known(host);
    const ip = canonicalAddress(host);
    if (ip !== undefined) return this.#literal(ip, first.resolver.known(host), only);
    // The container's own file is nobody's, and the same for each.
    const listed = first.resolver.known(host);
    if (listed?.kind === 'resolved' && listed.source === 'hosts') return listed;
    const owner = this.#ownerOf(host, only);
    if (owner !== undefined) return ofTailnet(owner, owner.resolver.known(host));
    const having = this.#members.flatMap((member) => {
      const resolution = member.resolver.known(host);
      return resolution?.kind === 'resolved' ? [{ member, resolution }] : [];
    });
    // The form 4via6 is known everywhere, and served by the one that has the site.
    const served = having.find(
      ({ member, resolution: { source, addresses } }) =>
        source === '4via6' && member.tailnet.ownerOf(addresses[0])?.kind === 'subnet',
    );
    const chosen = served ?? having[0];
    if (chosen === undefined) return undefined;
    const alsoIn = having
      .filter((one) => one !== chosen && chosen.resolution.source !== '4via6')
      .map(({ member }) => member.tailnet.name);
    const resolution = alsoIn.length === 0 ? chosen.resolution : { ...chosen.resolution, alsoIn };
    return ofTailnet(chosen.member, resolution);
  }

  async resolve(host: string, signal: AbortSignal, only?: Tailnet): Promise<Resolution> {
    const known = this.known(host, only);
    if (known !== undefined) return known;
    const [first] = this.#members;
    if (this.#isDirect(host)) return first.resolver.resolve(host, signal);
    const other = only === undefined ? undefined : this.#otherThan(only, host);
    if (only !== undefined && other !== undefined) {
      const detail = `${only.name} has no such name, ${other.name} has`;
      return { kind: 'not_found', host, source: undefined, owned: true, detail, nearest: [] };
    }
    const owner = this.#ownerOf(host, only);
    if (owner !== undefined)
      return ofTailnet(owner, await owner.resolver.resolve(host, signal)) as Resolution;
    if (!host.includes('.')) {
      const searched = await this.searched(host);
      if (searched !== undefined) return searched;
    }
    // Public names are the exit node's, or asked as the first tailnet that was joined is configured.
    const outside =
      this.#members.find(({ tailnet }) => tailnet.exitNode() !== undefined) ??
      this.#members.find(({ tailnet }) => tailnet.hasNetmap()) ??
      first;
    const answer = ofOwner(outside, await outside.resolver.resolve(host, signal));
    if (answer.kind !== 'not_found' || !host.includes('.')) return answer;
    return (await this.searched(host)) ?? answer;
  }

  /** The first that has it gets it; nobody is asked for an address. */
  #literal(
    ip: string,
    resolution: Resolution | undefined,
    only: Tailnet | undefined,
  ): Resolution | undefined {
    if (only !== undefined || resolution?.kind !== 'resolved') return resolution;
    const all = this.#members.map(({ tailnet }) => tailnet);
    const [first, ...alsoIn] = holdersOf(all, ip);
    if (alsoIn.length === 0) return resolution;
    if (!this.#told.has(ip) && this.#told.size < mostTold) {
      this.#told.add(ip);
      const others = alsoIn.map((name) => `${name}!${ip}`).join(', ');
      this.#warn(
        `${ip} is an address in ${first} and in ${alsoIn.join(', ')}: ${first} is dialled, being first in SPACETAIL_TAILNETS; write ${others} for the other`,
      );
    }
    return { ...resolution, alsoIn };
  }

  async searched(host: string): Promise<Resolution | undefined> {
    for (const member of this.#members) {
      const resolution = await member.resolver.searched(host);
      if (resolution !== undefined) return ofOwner(member, resolution);
    }
    return undefined;
  }

  /** Another tailnet that has a name which this one does not own: nobody is asked for it on this one's behalf. */
  #otherThan(only: Tailnet, host: string): Tailnet | undefined {
    if (only.ownsName(host)) return undefined;
    const has = ({ tailnet, resolver }: Member): boolean =>
      tailnet !== only &&
      (tailnet.ownsName(host) ||
        tailnet.peerNamed(host) !== undefined ||
        resolver.known(host)?.owned === true);
    return this.#members.find(has)?.tailnet;
  }

  #ownerOf(host: string, only: Tailnet | undefined): Member | undefined {
    const all = this.#members.map(({ tailnet }) => tailnet);
    const owner = only ?? suffixOwner(all, host);
    return owner && this.#members.find(({ tailnet }) => tailnet === owner);
  }
}

function ofTailnet({ tailnet }: Member, resolution: Resolution | undefined) {
  return resolution?.kind === 'resolved' ? { ...resolution, tailnet } : resolution;
}

/** A name of the world outside is nobody's. */
function ofOwner(member: Member, resolution: Resolution): Resolution {
  return resolution.owned ? (ofTailnet(member, resolution) as Resolution) : resolution;
}
