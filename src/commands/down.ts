/** `spacetail down`: never makes a run fail or hang. */
import { loadConfig } from '../config.ts';
import { messageOf, SpacetailError } from '../errors.ts';
import { stopSupervisor, type Stopped } from '../lifecycle/run/stop-supervisor.ts';
import { isRunSnapshot } from '../report/snapshot.ts';
import type { CommandIo } from './io.ts';
import { printRunSummary } from './run-summary.ts';

export interface DownOptions {
  readonly strict?: boolean;
}

/** The runtime folder also where another variable is malformed: that is a warning here. */
function runtimeDirOf(io: CommandIo): string {
  try {
    return loadConfig(io.env).runtimeDir;
  } catch (error) {
    const hint = error instanceof SpacetailError ? error.message : messageOf(error);
    io.stderr.write(`spacetail: warning: ${hint}\n`);
  }
  try {
    return loadConfig({ SPACETAIL_RUNTIME_DIR: io.env['SPACETAIL_RUNTIME_DIR'] }).runtimeDir;
  } catch {
    return loadConfig({}).runtimeDir;
  }
}

async function tellWhatStopped(stopped: Stopped, io: CommandIo): Promise<void> {
  if (stopped.kind === 'stopped') {
    if (stopped.forced !== undefined) {
      io.stderr.write(`spacetail: warning: the supervisor had to be ended: ${stopped.forced}\n`);
    }
    const record = (stopped.record as { record?: unknown } | undefined)?.record;
    if (isRunSnapshot(record)) await printRunSummary(record, io);
    io.stderr.write('spacetail: down\n');
  }
  for (const left of stopped.left) io.stderr.write(`spacetail: warning: left behind: ${left}\n`);
}

/** @returns 0; with `strict` 1 if anything was left */
export async function run(options: DownOptions, io: CommandIo): Promise<number> {
  const failed = options.strict === true ? 1 : 0;
  try {
    const stopped = await stopSupervisor(runtimeDirOf(io));
    await tellWhatStopped(stopped, io);
    return stopped.left.length > 0 ? failed : 0;
  } catch (error) {
    io.stderr.write(`spacetail: warning: ${messageOf(error)}\n`);
    return failed;
  }
}
