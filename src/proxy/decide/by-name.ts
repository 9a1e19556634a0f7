/** Denies before anybody is asked for the name, where no address that it may have would change the verdict. */
import type { Authority } from '../core/authority.ts';
import { hostForLog } from '../core/authority.ts';
import type { Decision, Findings } from './decide.ts';
import { deniedFailure } from './denied-failure.ts';
import type { Tailnet } from '../../tailnet.ts';
import { verdictOnName } from './verdict-on-name.ts';
import type { NameContext } from './verdict-on-name.ts';

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
