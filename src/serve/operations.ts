import type { ControlHandlers } from '../lifecycle/control-socket.ts';
import type { Bridge } from '../proxy/server.ts';
import type { RunRecord } from '../report/run-record.ts';
import { explainOperations } from './explain.ts';

/** Operations of the control socket besides the supervisor's own; none changes the policy. */
export function operationsOf({
  bridge,
  run,
}: {
  readonly bridge: Bridge;
  readonly run: RunRecord;
}): ControlHandlers {
  return {
    ...explainOperations(bridge.inspect),
    /** The run so far. */
    report: () => Promise.resolve(run.snapshot(Date.now())),
  };
}
