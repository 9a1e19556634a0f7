/** From a plan to a connection, or to the reason why there is none. Decides nothing. */
import type { Plan } from '../decide/decide.ts';
import type { DialContext, Dialled, DialOptions } from './dial-context.ts';
import { dialDirect } from './direct.ts';
import { dialTailnet } from './tailnet.ts';

/** The address goes with its tailnet all the way: another one may have the same address. */
function inTailnetOf({ tailnet }: Plan, context: DialContext): DialContext {
  return tailnet === undefined || tailnet === context.tailnet ? context : { ...context, tailnet };
}

/** Never throws; the signal's abort is the failure `client_gone`. At most `connectTimeoutMs`. */
export async function dial(
  plan: Plan,
  options: DialOptions,
  context: DialContext,
): Promise<Dialled> {
  return plan.via === 'direct'
    ? dialDirect(plan, options, context)
    : dialTailnet(plan, options, inTailnetOf(plan, context));
}
