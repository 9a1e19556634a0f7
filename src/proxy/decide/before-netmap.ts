/** Before the first netmap nobody knows which names and addresses are the tailnet's. */
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Tailnet } from '../../tailnet.ts';
import { unknownFor } from './tailnets.ts';

/**
 * The failure of a request that cannot be judged yet, or ever where the join has failed: a short name sent to
 * the system resolver now could reach a public namesake. `undefined` once there has been a netmap.
 */
export function unknownTailnet(
  host: string,
  all: Tailnet,
  /** The client asked for this one alone. */
  only?: Tailnet,
): Failure | undefined {
  const tailnet = unknownFor(host, all, only);
  if (tailnet === undefined) return undefined;
  const state = tailnet.state();
  const why = state.kind === 'running' ? 'there is no netmap yet' : state.detail;
  const called = tailnet.name === '' ? '' : ` ${tailnet.name}`;
  const says =
    state.kind === 'down'
      ? `${host} cannot be told from a host of the tailnet${called}, which was never joined: ${why}`
      : `${host} has to wait for the tailnet${called}, which is still being joined: ${why}`;
  return failure(
    'tailnet_unavailable',
    says,
    "See `spacetail status`, or name the host in SPACETAIL_DIRECT if it is not the tailnet's.",
  );
}
