/** What would become of a request, by the very steps that a request takes; for `explain` and `resolve`. */
import type { Authority } from '../core/authority.ts';
import { decide, decideByName } from '../decide/decide.ts';
import { unknownTailnet } from '../decide/before-netmap.ts';
import type { Decision, Findings } from '../decide/decide.ts';
import { dial } from '../dial/dial.ts';
import type { Failure } from '../core/failure.ts';
import type { ExchangeOptions } from './exchange-options.ts';
import type { Resolution } from '../../tailnet.ts';
import { splitTailnet } from '../decide/tailnets.ts';
import { withDeadline } from '../../async.ts';

export type TriedDial =
  | { readonly kind: 'connected'; readonly ip: string | undefined; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly tookMs: number };

export interface Inspection {
  /** `undefined` where the policy denies the name whatever its addresses, so that nobody was asked for them. */
  readonly resolution: Resolution | undefined;
  readonly decision: Decision;
  /** Only where it was asked for and would pass. */
  readonly dial: TriedDial | undefined;
}

export type Inspect = (
  authority: Authority,
  wanted: {
    readonly dial: boolean;
    /** Asks for the name in any case. */
    readonly resolve: boolean;
    readonly signal: AbortSignal;
  },
) => Promise<Inspection>;

/** @throws the signal's reason */
export function inspectWith(options: ExchangeOptions): Inspect {
  return async (asked, { dial: isTried, resolve: isResolved, signal }) => {
    const { resolver, resolveTimeoutMs } = options;
    const { only, authority } = splitTailnet(asked, options.tailnet.members);
    const denied = isResolved ? undefined : decideByName(authority, options, only);
    if (denied !== undefined) return { resolution: undefined, decision: denied, dial: undefined };
    const resolution = await withDeadline(signal, resolveTimeoutMs, (limit) =>
      resolver.resolve(authority.host, limit, only),
    );
    const unknown = options.isDirect(authority.host)
      ? undefined
      : unknownTailnet(authority.host, options.tailnet, only);
    const judged = decide(authority, resolution, null, options, only);
    const decision: Decision =
      unknown === undefined
        ? judged
        : { kind: 'refuse', failure: unknown, findings: findingsOf(judged) };
    if (!isTried || decision.kind === 'refuse') return { resolution, decision, dial: undefined };
    const startedMs = performance.now();
    const dialled = await dial(decision.plan, { isFixed: false, signal }, options);
    const tookMs = performance.now() - startedMs;
    if (dialled.kind === 'failed') return { resolution, decision, dial: { ...dialled, tookMs } };
    dialled.connection.socket.destroy();
    return { resolution, decision, dial: { kind: 'connected', ip: dialled.ip, tookMs } };
  };
}

function findingsOf(decision: Decision): Findings {
  return decision.kind === 'refuse' ? decision.findings : decision.plan;
}
