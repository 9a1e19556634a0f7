/** The addresses of a target, each with its route, in the order of preference. */
import { canonicalAddress } from '../../ip/addresses.ts';
import type { Authority } from '../core/authority.ts';
import type { Policy } from '../policy/policy.ts';
import type { Route } from './route.ts';
import { chooseRoute, isHostLocal } from './route.ts';
import type { Owner, Resolution, Tailnet } from '../../tailnet.ts';
import { ownerAmong, unknownMember } from './tailnets.ts';

/** Of one name: more are nobody's who means well. */
const MOST_ADDRESSES = 64;

export interface DecideContext {
  readonly tailnet: Tailnet;
  readonly policy: Policy;
  readonly attachedNetworks: () => readonly string[];
  /** SPACETAIL_DIRECT: tells of a name or a canonical address. */
  readonly isDirect: (hostOrIp: string) => boolean;
  /** Whether a connection to the address would come back to our own listeners. */
  readonly own: { isLoop(ip: string, port: number, owner: Owner | undefined): boolean };
  /** Names that nobody here can resolve are left to the upstream proxy. */
  readonly hasUpstreamProxy: boolean;
}

export interface Candidate {
  readonly ip: string | undefined;
  readonly owner: Owner | undefined;
  readonly route: Route;
  /** Where it is dialled; `undefined` for what leaves by the host network. */
  readonly tailnet: Tailnet | undefined;
}

/** All addresses, the preferred one first. */
export function candidatesFor(
  authority: Authority,
  resolution: Resolution,
  context: DecideContext,
  /** The client asked for this one alone. */
  only?: Tailnet,
): Candidate[] {
  if (resolution.kind !== 'resolved') {
    const mayPass =
      !resolution.owned &&
      only === undefined &&
      context.hasUpstreamProxy &&
      context.tailnet.exitNode() === undefined &&
      isPublicName(authority.host, context.tailnet);
    if (!mayPass) return [];
    const route: Route = {
      via: 'direct',
      peer: undefined,
      because: 'the upstream proxy resolves it',
    };
    return [{ ip: undefined, owner: undefined, route, tailnet: undefined }];
  }
  const isDirectName = context.isDirect(authority.host);
  const all = resolution.addresses.slice(0, MOST_ADDRESSES).map((address): Candidate => {
    const ip = canonicalAddress(address) ?? address;
    const asked = only ?? resolution.tailnet;
    const isDirectAddress = context.isDirect(ip);
    const { tailnet, owner } = ownedBy(ip, asked, context.tailnet);
    const exiting = asked ?? exitingOf(context.tailnet);
    const chosen = chooseRoute({
      ip,
      owner,
      exitNode: exiting?.exitNode(),
      attached: context.attachedNetworks(),
      isDirectAddress,
      isDirectHost: isDirectName || isDirectAddress,
    });
    const way = chosen.via === 'exit' ? exiting : chosen.via === 'direct' ? undefined : tailnet;
    const isHeld = way === undefined && !isDirectName && !isDirectAddress && !isHostLocal(ip);
    const route = isHeld ? closedAmong(chosen, ip, only, asked, context.tailnet) : chosen;
    return { ip, owner, route, tailnet: way };
  });
  return [...all.filter(isOpen), ...all.filter((candidate) => !isOpen(candidate))];
}

/** Whether two addresses are reached alike, so that one may be dialled in place of the other. */
export function isSameWay(one: Candidate, other: Candidate): boolean {
  return (
    one.route.via === other.route.via &&
    one.tailnet === other.tailnet &&
    (one.route.closed === undefined) === (other.route.closed === undefined)
  );
}

/** Of several addresses, one whose node is known to be away is not the first choice. */
function isOpen({ route }: Candidate): boolean {
  return (
    route.closed === undefined && route.peer?.online !== false && route.peer?.keyExpired !== true
  );
}

function ownedBy(
  ip: string,
  asked: Tailnet | undefined,
  all: Tailnet,
): { readonly tailnet: Tailnet | undefined; readonly owner: Owner | undefined } {
  if (asked !== undefined) return { tailnet: asked, owner: asked.ownerOf(ip) };
  return ownerAmong(all.members, ip) ?? { tailnet: undefined, owner: undefined };
}

function exitingOf(all: Tailnet): Tailnet | undefined {
  return all.members.find((one) => one.exitNode() !== undefined);
}

/**
 * Where there are several tailnets, what one of them says never leads out by the host network to what is another's
 * or may be: the address of a name of one is dialled in that one, and nowhere else.
 */
function closedAmong(
  route: Route,
  ip: string,
  only: Tailnet | undefined,
  asked: Tailnet | undefined,
  all: Tailnet,
): Route {
  if (only !== undefined) {
    const hint = `Ask for it without ${only.name}! to take whichever way there is.`;
    return { ...route, closed: { detail: `no node of ${only.name} serves ${ip}`, hint } };
  }
  const other = asked === undefined ? undefined : ownerAmong(all.members, ip)?.tailnet;
  if (asked !== undefined && other !== undefined) {
    const detail = `${ip} is the answer of ${asked.name}, where no node serves it; it is an address of ${other.name}`;
    return { ...route, closed: { detail, hint: `Ask for ${other.name}!${ip} if that is meant.` } };
  }
  const unknown = unknownMember(ip, all);
  if (unknown === undefined) return route;
  const detail = `${ip} cannot be told from an address of ${unknown.name}, which has no netmap yet`;
  const hint = 'See `spacetail status`, or name the host in SPACETAIL_DIRECT.';
  return { ...route, closed: { detail, hint } };
}

/** Labels and single dots; what names a tailnet (`partner!web`), or is spelled so that nobody can tell, is none. */
const PLAIN_NAME = /^[\w-]+(?:\.[\w-]+)*\.?$/u;

function isPublicName(host: string, tailnet: Tailnet): boolean {
  return PLAIN_NAME.test(host) && !tailnet.ownsName(host.toLowerCase().replace(/\.$/u, ''));
}
