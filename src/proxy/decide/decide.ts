/** From a target to a plan or a refusal: names, route, loop, policy, in this order. */
import { canonicalAddress } from '../../ip/addresses.ts';
import type { Authority } from '../core/authority.ts';
import { hostForLog } from '../core/authority.ts';
import { candidatesFor, isSameWay } from './candidates.ts';
import type { Candidate, DecideContext } from './candidates.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Verdict } from '../policy/policy.ts';
import { deniedFailure, explainResolution, targetText } from './failures.ts';
import type { Unresolved } from './failures.ts';
import type { RouteVia } from './route.ts';
import type { ClientProcess } from '../core/request-record.ts';
import type { NameSource, Owner, Peer, Resolution, Tailnet } from '../../tailnet.ts';

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
  /** Where it is or would be dialled; `undefined` for the host network, and where that is not known yet. */
  readonly tailnet?: Tailnet | undefined;
}

export type { DecideContext } from './candidates.ts';

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

interface Judged {
  readonly candidate: Candidate;
  readonly verdict: Verdict;
}

/** Pure but for what `tailnet` and `own` look up in memory. */
export function decide(
  authority: Authority,
  resolution: Resolution,
  client: ClientProcess | null,
  context: DecideContext,
  /** The client asked for this tailnet alone. */
  only?: Tailnet,
): Decision {
  const candidates = candidatesFor(authority, resolution, context, only);
  const all = candidates.map((candidate): Judged => ({
    candidate,
    verdict: context.policy.judge({
      host: hostForLog(authority.host),
      written: authority.written,
      ip: candidate.ip,
      port: authority.port,
      owner: candidate.owner,
      route: candidate.route.via,
      tailnet: candidate.tailnet?.name,
      peer: context.tailnet.peerNamed(hostForLog(authority.host)),
      client,
    }),
  }));
  const judged = all.filter(({ candidate }) => isSameWay(candidate, (all[0] as Judged).candidate));
  // One bad address among several (DNS rebinding) must not be tried, nor spoil the others. But what names a
  // metadata service is meant for it, whichever of its addresses would be let through.
  const passed = judged.filter(
    ({ candidate: { ip, owner }, verdict }) =>
      verdict.decision !== 'deny' &&
      !(ip !== undefined && context.own.isLoop(ip, authority.port, owner)),
  );
  const ofCloud = all.find(({ verdict }) => verdict.isOfCloud && verdict.decision === 'deny');
  const chosen = ofCloud ?? passed[0] ?? judged[0];
  if (chosen === undefined) {
    if (resolution.kind === 'resolved') throw new TypeError('a resolution without addresses');
    return refuseUnresolved(authority, resolution, context);
  }
  const findings = findingsOf(chosen.candidate, resolution, chosen.verdict, authority, context);
  const refused = refusal(authority, chosen.candidate, chosen.verdict, context);
  if (refused !== undefined) return { kind: 'refuse', failure: refused, findings };
  const addresses = passed
    .filter(({ verdict }) => verdict.decision === chosen.verdict.decision)
    .flatMap(({ candidate }) => candidate.ip ?? []);
  const host = hostForLog(authority.host);
  const hop = chosen.candidate.route.peer;
  return { kind: 'dial', plan: { ...findings, host, port: authority.port, addresses, hop } };
}

function refusal(
  authority: Authority,
  { ip, owner, route }: Candidate,
  verdict: Verdict,
  context: DecideContext,
): Failure | undefined {
  if (ip !== undefined && context.own.isLoop(ip, authority.port, owner)) {
    return failure(
      'loop',
      `${targetText(authority)} is this bridge itself`,
      'Ask for the service behind it, or set NO_PROXY for this address.',
    );
  }
  if (verdict.decision === 'deny') {
    return deniedFailure(authority, verdict);
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
    // What can be said of it without an address, in the modes that let it through: would_deny.
    verdict: verdictOnName(authority, context),
    because: owned ? "the name is the tailnet's" : "the name is not the tailnet's",
    isRouted: true,
  };
  return { kind: 'refuse', failure: explainResolution(resolution), findings };
}

function findingsOf(
  { ip, owner, route, tailnet }: Candidate,
  resolution: Resolution,
  verdict: Verdict,
  authority: Authority,
  context: DecideContext,
): Findings {
  const owning = owner?.kind === 'peer' || owner?.kind === 'subnet' ? owner.peer : undefined;
  const peer = owning ?? (ip === undefined ? context.tailnet.peerNamed(authority.host) : undefined);
  const source = resolution.kind === 'resolved' ? resolution.source : undefined;
  const { via, because } = route;
  return { via, ip, owner, peer, source, verdict, because, isRouted: true, tailnet };
}

type NameContext = Pick<DecideContext, 'tailnet' | 'policy'>;

/** The refusal of a name that the policy denies by name alone; `undefined` where its address is needed. */
export function decideByName(
  authority: Authority,
  context: NameContext,
  only?: Tailnet,
): Decision | undefined {
  const verdict = verdictOnName(authority, context, only);
  if (verdict?.decision !== 'deny') return undefined;
  const { tailnet } = context;
  const isOwned = tailnet.ownsName(hostForLog(authority.host));
  const findings: Findings = {
    via: isOwned ? 'tailnet' : tailnet.exitNode() === undefined ? 'direct' : 'exit',
    ip: undefined,
    owner: undefined,
    peer: undefined,
    source: undefined,
    verdict,
    because: isOwned ? "the name is the tailnet's" : "the name is not the tailnet's",
    isRouted: true,
  };
  return { kind: 'refuse', failure: deniedFailure(authority, verdict), findings };
}

/**
 * The denial that every address of the name would meet, or `undefined`: where it depends, for an address, which
 * is judged as such, and for a node's name, which is resolved without asking anybody.
 */
function verdictOnName(
  { host: written, port }: Authority,
  { tailnet, policy }: NameContext,
  /** The client asked for this tailnet alone. */
  only?: Tailnet,
): Verdict | undefined {
  const host = hostForLog(written);
  const isNode = (name: string): boolean => tailnet.peerNamed(name) !== undefined;
  if (canonicalAddress(written) !== undefined || isNode(host)) return undefined;
  return policy.judgeName({
    host,
    port,
    tailnet: only?.name,
    isNode,
    hasNodeUnder: (suffix) => tailnet.hasNodeUnder(suffix),
  });
}
