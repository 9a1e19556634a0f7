import { SpacetailError } from '../../errors.ts';
import type { ControlHandlers } from '../control/control-socket.ts';
import { identify, type ProcessId } from '../folder/process-id.ts';
import type { Run } from './run.ts';
import type { Watchdog } from './watchdog.ts';

export interface Operated extends Pick<Run, 'parts' | 'progress' | 'state' | 'ending'> {
  readonly watchdog: Watchdog;
  /** What `finish` returned, once everything is gone. */
  readonly finished: Promise<unknown>;
}

/**
 * The operations of the control socket that are the supervisor's own: `status`; `wait` (progress events, result
 * the last one); `own` (`{pid}` of the shell that called `up` again, 0 for none); `stop` (result: the run's record).
 */
export function supervisorOperations(run: Operated): ControlHandlers {
  const refuseWhenEnding = (): void => {
    if (run.ending.signal.aborted) throw new SpacetailError('not_up', 'the run is ending');
  };
  return {
    status: async () => run.parts.status(run.state.core()),
    wait: async (_, call) =>
      await run.progress.follow((event) => call.progress(event), call.signal),
    own: async (parameters) => {
      refuseWhenEnding();
      const { pid } = parameters as { readonly pid: number };
      const owner: ProcessId | undefined = pid === 0 ? undefined : identify(pid);
      // One that is gone already must not switch the watchdog off.
      if (pid !== 0 && owner === undefined) return;
      run.watchdog.adopt(owner);
    },
    stop: async () => {
      run.ending.end('down', '`spacetail down` ended it');
      return await run.finished;
    },
  };
}
