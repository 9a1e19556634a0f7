/** How `up` starts the supervisor. */
import { getHeapStatistics } from 'node:v8';
import { cliPath } from './cli-path.ts';

/** From 2 GB of memory on V8's limit is higher; a container with less has a smaller young generation by itself. */
const ROOMY_HEAP_BYTES = 2 ** 30;

/**
 * V8 lets the young generation of a process under load grow to 128 MB, and gives none of it back while the load
 * lasts. With a quarter of it the bridge is as fast (decision 0012).
 *
 * @param heapLimitBytes - that V8 has chosen for this process on this machine
 */
export function supervisorCommand(
  heapLimitBytes = getHeapStatistics().heap_size_limit,
): [string, ...string[]] {
  const nodeFlags = heapLimitBytes > ROOMY_HEAP_BYTES ? ['--max-semi-space-size=16'] : [];
  return [process.execPath, ...nodeFlags, cliPath(), 'supervise'];
}
