/** `spacetail wait`: blocks until the tailnet is ready, as `up` does. */
import { callControl } from '../lifecycle/control/control-client.ts';
import { fromErrorMessage } from '../lifecycle/control/error-message.ts';
import type { ProgressEvent } from '../lifecycle/join/progress.ts';
import { SpacetailError } from '../errors.ts';
import type { CommandIo } from './io.ts';
import { configOf, runtimeFolderOf } from './supervisor.ts';

/** @throws {SpacetailError} `not_up`, or what `up` failed with */
export async function run(_: unknown, io: CommandIo): Promise<number> {
  const { controlSocket } = await runtimeFolderOf(configOf(io));
  // As long as it takes: the supervisor keeps to the limit of `up`.
  const last = (await callControl(controlSocket, 'wait', {
    signal: io.signal,
  })) as ProgressEvent | null;
  if (last?.kind === 'failed') throw fromErrorMessage(last.error);
  if (last?.kind !== 'ready')
    throw new SpacetailError('up_interrupted', 'the run ended before it was ready');
  return 0;
}
