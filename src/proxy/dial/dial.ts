/** From a plan to a connection, or to the reason why there is none. Decides nothing. */
import { clientGone } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';
import type { DialContext, Dialled, DialOptions } from './dial-context.ts';
import { dialDirect } from './direct.ts';
import { allFailed } from './failures.ts';
import { race } from './race.ts';
import type { Attempt } from './race.ts';
import { dialTailnet, NEWBORN_MS } from './tailnet.ts';
import { dialThrough, isBypassed } from './upstream.ts';
import type { Tailnet } from '../../tailnet.ts';

/**
 * Dials all addresses of the plan, and whichever answers first is the one. Never throws; the signal's abort is the
 * failure `client_gone`. At most `connectTimeoutMs`, or as long as this node is news to its peers.
 */
export async function dial(
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  const { via, addresses } = plan;
  const { upstreamProxy } = context;
  if (via === 'direct' && upstreamProxy !== undefined && !isBypassed(upstreamProxy, plan)) {
    return dialThrough(upstreamProxy, plan, options, context);
  }
  // The address goes with its tailnet all the way: another one may have the same address.
  const tailnet = plan.tailnet ?? context.tailnet;
  const attempt: Attempt = async (ip, limits, onSetback) => {
    const at = planAt(plan, ip, tailnet);
    if (via === 'direct') return dialDirect(at, { ...options, ...limits });
    return dialTailnet(at, { ...options, ...limits, onSetback }, { tailnet });
  };
  const limits = { timeoutMs: timeoutOf(plan, tailnet, context), signal: options.signal };
  const [first] = addresses;
  if (first === undefined) {
    const detail = `${plan.host} has no address here and is not for the upstream proxy`;
    return { kind: 'failed', failure: failure('name_unknown', detail, 'Check the name.') };
  }
  if (addresses.length === 1) return attempt(first, limits, () => {});
  const raced = await race(addresses, attempt, limits);
  const { tried } = raced;
  if (raced.kind === 'won') return { ...raced.dialled, tried };
  const reason = options.signal.aborted ? clientGone() : allFailed(plan, raced.losses);
  return { kind: 'failed', failure: reason, tried };
}

/** The same for one of its addresses. */
function planAt(plan: Plan, ip: string, tailnet: Tailnet): Plan {
  if (ip === plan.ip) return plan;
  if (plan.via === 'direct' || plan.via === 'exit') return { ...plan, ip };
  const owner = tailnet.ownerOf(ip);
  const hop = owner?.kind === 'peer' || owner?.kind === 'subnet' ? owner.peer : undefined;
  return { ...plan, ip, owner, hop };
}

function timeoutOf(
  { via, hop }: Plan,
  tailnet: Tailnet,
  { connectTimeoutMs }: DialContext,
): number {
  const joinedAtMs = via === 'direct' ? undefined : tailnet.joinedAtMs();
  if (joinedAtMs === undefined || hop?.online === false) return connectTimeoutMs;
  return Math.max(connectTimeoutMs, joinedAtMs + NEWBORN_MS - performance.now());
}
