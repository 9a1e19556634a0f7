/** A connection for a plan: one that was dialled ahead where there is one, else a fresh dial; and the next is dialled ahead. */
import type { Plan } from '../../decide/decide.ts';
import { dial } from '../dial.ts';
import type { DialContext, Dialled, DialOptions } from '../dial-context.ts';
import { RuleIndex, factsOf } from '../../policy/rule-index.ts';
import type { Rule } from '../../policy/rules.ts';
import { PreconnectPool } from './pool.ts';

export interface PreconnectOptions {
  /** Of SPACETAIL_PRECONNECT; with none nothing is dialled ahead. */
  readonly rules: readonly Rule[];
  /** How long a connection may wait for its use; 15 s. */
  readonly idleMs?: number;
}

export function createPreconnectPool(
  { rules, idleMs }: PreconnectOptions,
  context: DialContext,
): PreconnectPool | undefined {
  if (rules.length === 0) return undefined;
  const index = new RuleIndex(rules);
  return new PreconnectPool({
    idleMs,
    tailnet: context.tailnet,
    wants(plan) {
      // An upstream proxy is asked by name: what it dials is not the address that was judged.
      if (plan.via === 'direct' && context.upstreamProxy !== undefined) return false;
      const { host, ip, port, owner, peer, via: route } = plan;
      const tailnet = plan.tailnet?.name;
      return index.find(factsOf({ host, ip, port, owner, peer, route, tailnet })) !== undefined;
    },
    dial: (plan, isFixed, signal) => dial(plan, { isFixed, signal, isAhead: true }, context),
  });
}

export interface AcquireOptions extends DialOptions {
  /** Take none that was dialled ahead. */
  readonly isFresh?: boolean;
}

/** As `dial`, and never throws either. */
export async function acquire(
  plan: Plan,
  options: AcquireOptions,
  context: DialContext,
  pool: PreconnectPool | undefined,
): Promise<Dialled> {
  if (pool === undefined) return dial(plan, options, context);
  const { isFixed, isFresh = false, signal } = options;
  const taken = isFresh ? undefined : pool.take(plan, isFixed, signal);
  const lease = taken instanceof Promise ? await taken : taken;
  const dialNext = (): void => pool.dialNext(plan, isFixed);
  if (lease === undefined) {
    const dialled = await dial(plan, options, context);
    if (dialled.kind === 'connected') dialNext();
    return dialled;
  }
  // After the answer, and after what comes with the next turn, which is mostly the client's first byte; later, clients
  // one after the other would wait for it.
  setImmediate(() => setImmediate(dialNext));
  // A request is written to it at once; a tunnel waits for its client's first byte.
  if (!isFixed) lease.used();
  return { kind: 'connected', connection: lease.connection, ip: lease.ip, lease };
}
