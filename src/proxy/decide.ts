/** From a target to a plan or a refusal: names, route, loop, policy, in this order. */
import { canonicalAddress } from './addresses.ts';
import type { Authority } from './authority.ts';
import { hostForLog } from './authority.ts';
import type { Failure } from './failure.ts';
import { failure } from './failure.ts';
import type { OwnListeners } from './own-listeners.ts';
import type { Policy, Verdict } from './policy.ts';
import { explainResolution } from './resolution-failure.ts';
import type { Unresolved } from './resolution-failure.ts';
import type { Route, RouteVia } from './route.ts';
import { chooseRoute } from './route.ts';
import type { ClientProcess } from './request-record.ts';
import type { NameSource, Owner, Peer, Resolution, Tailnet } from './tailnet.ts';

/** What is known of a target, whatever became of it; the access log is filled from it. */
export interface Findings {
  readonly via: RouteVia;
  /** Canonical literal that is or would be dialled first. */
  readonly ip: string | undefined;
  readonly owner: Owner | undefined;
  /** The node the address belongs to or, before an address is known, that the host names. */
  readonly peer: Peer | undefined;
  readonly source: NameSource | undefined;
  readonly verdict: Verdict | undefined;
  readonly because: string;
  /** `false`: there is no way that it would have taken. */
  readonly isRouted: boolean;
}

export interface Plan extends Findings {
  /** As asked for, in lower case. */
  readonly host: string;
  readonly port: number;
  /** Judged literals, all by the same way, in the order to try; empty only where an upstream proxy resolves. */
  readonly addresses: readonly string[];
  /** The node to name when the dial fails: owner, subnet router or exit node. */
  readonly hop: Peer | undefined;
}

export type Decision =
  | { readonly kind: 'dial'; readonly plan: Plan }
  | { readonly kind: 'refuse'; readonly failure: Failure; readonly findings: Findings };

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

interface Candidate {
  readonly ip: string | undefined;
  readonly owner: Owner | undefined;
  readonly route: Route;
}

/** Pure but for what `tailnet` and `own` look up in memory. */
export function decide(
  authority: Authority,
  resolution: Resolution,
  client: ClientProcess | null,
  context: DecideContext,
): Decision {
  const candidates = candidatesFor(authority, resolution, context);
  const judged = candidates.map((candidate) => ({
    candidate,
    verdict: context.policy.judge({
      host: hostForLog(authority.host),
      ip: candidate.ip,
      port: authority.port,
      owner: candidate.owner,
      route: candidate.route.via,
      peer: context.tailnet.peerNamed(hostForLog(authority.host)),
      client,
    }),
  }));
  // One bad address among several (DNS rebinding) must not be tried, nor spoil the others.
  const passed = judged.filter(({ verdict }) => verdict.decision !== 'deny');
  const chosen = passed[0] ?? judged[0];
  if (chosen === undefined) {
    if (resolution.kind === 'resolved') throw new TypeError('a resolution without addresses');
    return refuseUnresolved(authority, resolution, context);
  }
  const findings = findingsOf(chosen.candidate, resolution, chosen.verdict, authority, context);
  const refused = refusal(authority, chosen.candidate, chosen.verdict, context);
  if (refused !== undefined) return { kind: 'refuse', failure: refused, findings };
  const addresses = passed.flatMap(({ candidate }) => candidate.ip ?? []);
  const host = hostForLog(authority.host);
  const hop = chosen.candidate.route.peer;
  return { kind: 'dial', plan: { ...findings, host, port: authority.port, addresses, hop } };
}

/** The addresses that go the same way as the preferred one. */
function candidatesFor(
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

function refusal(
  authority: Authority,
  { ip, owner, route }: Candidate,
  verdict: Verdict,
  context: DecideContext,
): Failure | undefined {
  const target = `${hostForLog(authority.written)}:${authority.port}`;
  if (ip !== undefined && context.own.isLoop(ip, authority.port, owner)) {
    return failure(
      'loop',
      `${target} is this bridge itself`,
      'Ask for the service behind it, or set NO_PROXY for this address.',
    );
  }
  if (verdict.decision === 'deny') {
    const kind = verdict.error === 'destination_ip_prohibited' ? 'ip_prohibited' : 'denied';
    return failure(kind, `${target} is denied: ${verdict.reason}`, verdict.hint);
  }
  if (route.closed !== undefined) {
    return failure('peer_unavailable', route.closed.detail, route.closed.hint);
  }
  return undefined;
}

function refuseUnresolved(
  authority: Authority,
  resolution: Unresolved,
  context: DecideContext,
): Decision {
  const owned = resolution.owned;
  const findings: Findings = {
    via: owned ? 'tailnet' : context.tailnet.exitNode() === undefined ? 'direct' : 'exit',
    ip: undefined,
    owner: undefined,
    peer: context.tailnet.peerNamed(hostForLog(authority.host)),
    source: resolution.kind === 'not_found' ? resolution.source : undefined,
    verdict: undefined,
    because: owned ? "the name is the tailnet's" : "the name is not the tailnet's",
    isRouted: true,
  };
  return { kind: 'refuse', failure: explainResolution(resolution), findings };
}

function findingsOf(
  { ip, owner, route }: Candidate,
  resolution: Resolution,
  verdict: Verdict,
  authority: Authority,
  context: DecideContext,
): Findings {
  const owning = owner?.kind === 'peer' || owner?.kind === 'subnet' ? owner.peer : undefined;
  const peer = owning ?? (ip === undefined ? context.tailnet.peerNamed(authority.host) : undefined);
  const source = resolution.kind === 'resolved' ? resolution.source : undefined;
  const { via, because } = route;
  return { via, ip, owner, peer, source, verdict, because, isRouted: true };
}
