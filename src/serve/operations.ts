import type { ControlHandlers } from '../lifecycle/control/control-socket.ts';
import type { Bridge } from '../proxy/bridge.ts';
import type { RunSnapshot } from '../report/snapshot.ts';
import { explainOperations } from './explain.ts';

/** Operations of the control socket besides the supervisor's own; none changes the policy. */
export function operationsOf({
  bridge,
  report,
}: {
  readonly bridge: Bridge;
  /** The run so far. */
  readonly report: () => RunSnapshot;
}): ControlHandlers {
  return {
    ...explainOperations(bridge.inspect),
    report: () => Promise.resolve(report()),
  };
}
