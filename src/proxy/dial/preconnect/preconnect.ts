/** Dial ahead put before a dial: a request takes the spare of its plan, else dials, and the next spare is dialled. */
import type { Plan } from '../../decide/decide.ts';
import { dial } from '../dial.ts';
import type { DialContext, Dialled, DialOptions } from '../dial-context.ts';
import { RuleIndex, factsOf } from '../../policy/rule-index.ts';
import type { Rule } from '../../policy/rules.ts';
import { Spares } from './spares.ts';

export interface PreconnectOptions {
  /** Of SPACETAIL_PRECONNECT; with none there are no spares. */
  readonly rules: readonly Rule[];
  /** How long a spare may wait for its use; 15 s. */
  readonly idleMs?: number;
}

export function createSpares(
  { rules, idleMs }: PreconnectOptions,
  context: DialContext,
): Spares | undefined {
  if (rules.length === 0) return undefined;
  const index = new RuleIndex(rules);
  return new Spares({
    idleMs,
    tailnet: context.tailnet,
    wants(plan) {
      // An upstream proxy is asked by name: what it dials is not the address that was judged.
      if (plan.via === 'direct' && context.upstreamProxy !== undefined) return false;
      const { host, ip, port, owner, peer, via: route } = plan;
      const tailnet = plan.tailnet?.name;
      return index.find(factsOf({ host, ip, port, owner, peer, route, tailnet })) !== undefined;
    },
    dial: (plan, isFixed, signal) =>
      dial({ ...plan, addresses: [plan.ip ?? ''] }, { isFixed, signal, isAhead: true }, context),
  });
}

export interface SpareDialOptions extends DialOptions {
  /** Take no spare. */
  readonly isFresh?: boolean;
}

/** As `dial`, and never throws either. */
export async function dialOrTake(
  plan: Plan,
  options: SpareDialOptions,
  context: DialContext,
  spares: Spares | undefined,
): Promise<Dialled> {
  if (spares === undefined) return dial(plan, options, context);
  const { isFixed, isFresh = false, signal } = options;
  const taken = isFresh ? undefined : spares.take(plan, isFixed, signal);
  const spare = taken instanceof Promise ? await taken : taken;
  const dialNext = (): void => spares.dialNext(plan, isFixed);
  if (spare === undefined) {
    const dialled = await dial(plan, options, context);
    // Another address than the first answered: the first would be dialled ahead in vain.
    if (dialled.kind === 'connected' && dialled.ip === plan.ip) dialNext();
    return dialled;
  }
  // After the answer, and after what comes with the next turn, which is mostly the client's first byte; later, clients
  // one after the other would wait for it.
  setImmediate(() => setImmediate(dialNext));
  // A request is written to it at once; a tunnel waits for its client's first byte.
  if (!isFixed) spare.used();
  return { kind: 'connected', line: spare.line, ip: plan.ip, spare };
}
