/**
 * Several tailnets of a run: which of them a name or an address belongs to. The order of SPACETAIL_TAILNETS
 * decides where more than one would do. Pure but for what the tailnets look up in memory.
 */
import { canonicalAddress } from '../../ip/addresses.ts';
import type { Authority } from '../core/authority.ts';
import { isPrivate } from '../../ip/special-ranges.ts';
import type { Owner, Tailnet } from '../../tailnet.ts';

export interface Owned {
  readonly tailnet: Tailnet;
  readonly owner: Owner | undefined;
}

/** How firmly an address is a tailnet's: any tailnet claims the range that all of them share. */
function firmness(owner: Owner | undefined): number {
  if (owner === undefined) return 0;
  if (owner.kind === 'unassigned') return 1;
  return owner.kind === 'subnet' && !owner.accepted ? 2 : 3;
}

/** The first tailnet that has the address; of those that merely claim it, the one that knows more. */
export function ownerAmong(members: readonly Tailnet[], ip: string): Owned | undefined {
  let best: Owned | undefined;
  for (const tailnet of members) {
    const owner = tailnet.ownerOf(ip);
    if (firmness(owner) > firmness(best?.owner)) best = { tailnet, owner };
  }
  return best;
}

/** Names of the tailnets in which somebody has the address. */
export function holdersOf(members: readonly Tailnet[], ip: string): string[] {
  return members.filter((one) => firmness(one.ownerOf(ip)) === 3).map(({ name }) => name);
}

/** The tailnet under whose suffix the name lies, the longest one first. */
export function suffixOwner(members: readonly Tailnet[], name: string): Tailnet | undefined {
  let best: Tailnet | undefined;
  let length = 0;
  for (const tailnet of members) {
    const suffix = tailnet.ownedSuffix(name) ?? '';
    if (suffix.length > length) [best, length] = [tailnet, suffix.length];
  }
  return best;
}

/**
 * `partner!web`: a host for one tailnet alone. What remains is as written; from here on rules and resolvers know
 * no such prefix.
 */
export function splitTailnet<Asked extends Authority | undefined>(
  authority: Asked,
  members: readonly Tailnet[],
): { readonly only: Tailnet | undefined; readonly authority: Asked } {
  const at = authority?.host.indexOf('!') ?? -1;
  const name = at <= 0 ? '' : authority?.host.slice(0, at).toLowerCase();
  const only = name === '' ? undefined : members.find((one) => one.name === name);
  if (only === undefined || authority === undefined) return { only: undefined, authority };
  const host = authority.host.slice(at + 1).replaceAll(/^\[|\]$/gu, '');
  return { only, authority: { ...authority, written: authority.written.slice(at + 1), host } };
}

/**
 * The tailnet without a netmap that may be the one a host belongs to: while there is one, a host goes only where
 * its owner is certain: by its suffix, or because no tailnet before the owner is unknown.
 */
export function unknownFor(host: string, all: Tailnet, only?: Tailnet): Tailnet | undefined {
  if (only !== undefined) return only.hasNetmap() ? undefined : only;
  const first = all.members.find((one) => mayHave(one, host));
  if (first === undefined) return undefined;
  const known = all.members.filter((one) => one.hasNetmap());
  const ip = canonicalAddress(host);
  if (ip === undefined && suffixOwner(known, host) !== undefined) return undefined;
  const owner =
    ip === undefined
      ? known.find((one) => one.peerNamed(host) !== undefined)
      : known.find((one) => firmness(one.ownerOf(ip)) === 3);
  if (owner === undefined) return first;
  return all.members.indexOf(first) < all.members.indexOf(owner) ? first : undefined;
}

/**
 * Whether a request has to wait for tailnets that are still being joined: of several, what is certainly another's
 * goes on.
 */
export function mustWait(host: string, all: Tailnet, only?: Tailnet): boolean {
  if (all.state().kind !== 'starting') return false;
  if (unknownFor(host, all, only) !== undefined) return true;
  const owner = only ?? certainOwner(host, all);
  return (owner ?? all).state().kind === 'starting';
}

function certainOwner(host: string, { members }: Tailnet): Tailnet | undefined {
  const ip = canonicalAddress(host);
  if (ip !== undefined) return members.find((one) => firmness(one.ownerOf(ip)) === 3);
  return suffixOwner(members, host) ?? members.find((one) => one.peerNamed(host) !== undefined);
}

/** Whether an address may be the one of a tailnet that nobody knows yet: then it must not leave directly. */
export function unknownMember(ip: string, all: Tailnet): Tailnet | undefined {
  return all.members.length === 1 ? undefined : all.members.find((one) => mayHave(one, ip));
}

/**
 * Whether a host may be the one of a tailnet that has no netmap. An optional one whose join has failed keeps what is
 * its own anywhere (Tailscale's zones) and what is public nowhere: names without a dot, private addresses.
 */
function mayHave(tailnet: Tailnet, host: string): boolean {
  if (tailnet.hasNetmap()) return false;
  if (!tailnet.isOptional || tailnet.state().kind !== 'down') return true;
  const ip = canonicalAddress(host);
  if (ip !== undefined) return isPrivate(ip);
  return !host.includes('.') || tailnet.ownsName(host);
}
