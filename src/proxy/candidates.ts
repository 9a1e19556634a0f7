/** Which of a target's addresses come into question: those that go the same way as the best one. */
import { canonicalAddress } from './addresses.ts';
import type { Authority } from './authority.ts';
import type { OwnListeners } from './own-listeners.ts';
import type { Policy } from './policy.ts';
import type { Route } from './route.ts';
import { chooseRoute } from './route.ts';
import type { Owner, Resolution, Tailnet } from './tailnet.ts';

export interface DecideContext {
  readonly tailnet: Tailnet;
  readonly policy: Policy;
  readonly attachedNetworks: () => readonly string[];
  /** SPACETAIL_DIRECT: tells of a name or a canonical address. */
  readonly isDirect: (hostOrIp: string) => boolean;
  readonly own: Pick<OwnListeners, 'isLoop'>;
  /** Names that nobody here can resolve are left to the upstream proxy. */
  readonly hasUpstreamProxy: boolean;
}

export interface Candidate {
  readonly ip: string | undefined;
  readonly owner: Owner | undefined;
  readonly route: Route;
}

/** The addresses that go the same way as the preferred one. */
export function candidatesFor(
  authority: Authority,
  resolution: Resolution,
  context: DecideContext,
): Candidate[] {
  if (resolution.kind !== 'resolved') {
    const mayPass =
      !resolution.owned && context.hasUpstreamProxy && context.tailnet.exitNode() === undefined;
    if (!mayPass) return [];
    const route: Route = {
      via: 'direct',
      peer: undefined,
      because: 'the upstream proxy resolves it',
    };
    return [{ ip: undefined, owner: undefined, route }];
  }
  const isDirectName = context.isDirect(authority.host);
  const all = resolution.addresses.map((address): Candidate => {
    const ip = canonicalAddress(address) ?? address;
    const owner = context.tailnet.ownerOf(ip);
    const isDirectAddress = context.isDirect(ip);
    const route = chooseRoute({
      ip,
      owner,
      exitNode: context.tailnet.exitNode(),
      attached: context.attachedNetworks(),
      isDirectAddress,
      isDirectHost: isDirectName || isDirectAddress,
    });
    return { ip, owner, route };
  });
  if (all.length === 1) return all;
  const inOrder = [...all.filter(isOpen), ...all.filter((candidate) => !isOpen(candidate))];
  const [preferred] = inOrder;
  return inOrder.filter(
    ({ route }) =>
      route.via === preferred?.route.via &&
      (route.closed === undefined) === (preferred.route.closed === undefined),
  );
}

/** Of several addresses, one whose node is known to be away is not the first choice. */
function isOpen({ route }: Candidate): boolean {
  return (
    route.closed === undefined && route.peer?.online !== false && route.peer?.keyExpired !== true
  );
}
