import type { ControlHandlers } from '../lifecycle/control-socket.ts';
import type { Bridge } from '../proxy/server.ts';
import type { RunRecord } from '../report/run-record.ts';

/** Operations of the control socket besides the supervisor's own. */
export function operationsOf({ run }: { readonly bridge: Bridge; readonly run: RunRecord }): ControlHandlers {
  return {
    /** The run so far. */
    report: () => Promise.resolve(run.snapshot(Date.now())),
  };
}
