/** By which way an address is reached. Pure: `spacetail explain` asks the same function. */
import { addressOf } from '../../ip/addresses.ts';
import { contains, parsePrefix } from '../../ip/prefixes.ts';
import { isHostOnly } from '../../ip/special-ranges.ts';
import type { Owner, Peer } from '../../tailnet.ts';

export type RouteVia = 'tailnet' | 'subnet' | 'exit' | 'direct';

/**
 * The way, and why it is closed if it is: a closed way is still the one that the access log names,
 * and never a reason to take another.
 */
export interface Route {
  readonly via: RouteVia;
  /** The node the bytes go to: the owner, the subnet router or the exit node. */
  readonly peer: Peer | undefined;
  readonly closed?: { readonly detail: string; readonly hint: string };
  /** In words, for `explain`. */
  readonly because: string;
}

export interface RouteQuestion {
  /** Canonical literal. */
  readonly ip: string;
  readonly owner: Owner | undefined;
  readonly exitNode: Peer | undefined;
  /** Prefixes of the container's own interfaces, e.g. `172.17.0.0/16`. */
  readonly attached: readonly string[];
  /** SPACETAIL_DIRECT names the address: whatever the netmap says, it is not the tailnet's. */
  readonly isDirectAddress: boolean;
  /** SPACETAIL_DIRECT names the host or the address: no exit node for it. */
  readonly isDirectHost: boolean;
}

export function chooseRoute(question: RouteQuestion): Route {
  const { ip, owner, exitNode, isDirectAddress, isDirectHost } = question;
  if (isDirectAddress) return direct('SPACETAIL_DIRECT names it');
  if (isHostLocal(ip)) {
    return direct("it is the container's own loopback or link, or a service of its cloud");
  }
  if (owner?.kind === 'peer') {
    return { via: 'tailnet', peer: owner.peer, because: `it is an address of ${owner.peer.name}` };
  }
  if (owner?.kind === 'self') {
    return { via: 'tailnet', peer: undefined, because: 'it is an address of this node' };
  }
  if (owner?.kind === 'unassigned' && owner.prefix === undefined) return unassigned(ip);
  const attachedLength = longestAttached(question.attached, ip);
  if (owner !== undefined && isDirectHost) return direct('SPACETAIL_DIRECT names the host');
  if (owner !== undefined) return subnet(owner, ip, attachedLength);
  if (attachedLength >= 0) return direct('the container is attached to its network');
  if (exitNode === undefined || isDirectHost) return direct('no node of the tailnet serves it');
  return { via: 'exit', peer: exitNode, because: `${exitNode.name} is the exit node` };
}

/** Only the host network itself leads there. */
export function isHostLocal(ip: string): boolean {
  return isHostOnly(addressOf(ip));
}

/** Bits of the longest attached prefix around `ip`; -1 if there is none. */
export function longestAttached(attached: readonly string[], ip: string): number {
  let longest = -1;
  const address = addressOf(ip);
  for (const text of attached) {
    const prefix = parsePrefix(text);
    if (prefix !== undefined && prefix.length > longest && contains(prefix, address)) {
      longest = prefix.length;
    }
  }
  return longest;
}

function subnet(
  owner: Extract<Owner, { kind: 'subnet' | 'unassigned' }>,
  ip: string,
  attachedLength: number,
): Route {
  const prefix = owner.prefix ?? '';
  if (attachedLength >= Number(prefix.split('/')[1])) {
    return direct(`the container is attached to its network, which is no wider than ${prefix}`);
  }
  if (owner.kind === 'unassigned') return withdrawn(ip, prefix);
  const { peer } = owner;
  const route = { via: 'subnet', peer, because: `${peer.name} serves ${prefix}` } as const;
  if (owner.accepted) return route;
  return {
    ...route,
    closed: {
      detail: `${ip} is in ${prefix}, advertised by ${peer.name}, not accepted`,
      hint: 'Add --accept-routes to TS_EXTRA_ARGS, or take out --accept-routes=false.',
    },
  };
}

/** A subnet that was accepted stays the tailnet's for the run: what was meant for it must not leave directly. */
function withdrawn(ip: string, prefix: string): Route {
  return {
    via: 'subnet',
    peer: undefined,
    because: `${prefix} was a subnet of the tailnet in this run`,
    closed: {
      detail: `${ip} is in ${prefix}, which was a subnet of the tailnet in this run and is served by no node now`,
      hint: 'Check the subnet router and that its route is approved; SPACETAIL_DIRECT if it is not to go through the tailnet.',
    },
  };
}

function unassigned(ip: string): Route {
  return {
    via: 'tailnet',
    peer: undefined,
    because: "it is in the tailnet's range",
    closed: {
      detail: `${ip} is in the tailnet's range and no node that this one may see has it`,
      hint: 'Check the address, and that the access rules let this node see its owner; SPACETAIL_DIRECT if it is not a tailnet address.',
    },
  };
}

function direct(because: string): Route {
  return { via: 'direct', peer: undefined, because };
}
