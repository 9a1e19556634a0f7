import { SpacetailError } from '../../errors.ts';
import { createTailscaledLog } from '../tailscaled/tailscaled-log.ts';
import { bindListeners, bringUp } from './bring-up.ts';
import { type ControlServer, listenControl } from '../control/control-socket.ts';
import { aborted, createEnding } from './ending.ts';
import { endLeftoverTailscaled } from './stale-run.ts';
import { claimPidfile, releasePidfile } from '../folder/pidfile.ts';
import { identify, type ProcessId } from '../folder/process-id.ts';
import { createProgress, type Progress, type ProgressEvent } from '../join/progress.ts';
import { readBefore, writeBefore } from './before-file.ts';
import type { Run } from './run.ts';
import { createRunState, type Member } from './run-state.ts';
import {
  asUnusable,
  memberPaths,
  openRuntimeFolder,
  type RuntimeFolder,
} from '../folder/runtime-folder.ts';
import { supervisorOperations } from './supervisor-operations.ts';
import type {
  BuildParts,
  MemberSettings,
  SupervisorEnd,
  SupervisorOptions,
} from './supervisor-parts.ts';
import { takeDown } from './take-down.ts';
import { watchOwner } from './watchdog.ts';

/** Clients that wait on the control socket get their answer within this. */
const answerMs = 1000;

/** A tailscaled whose supervisor was killed should be gone already (TS_PARENT_DEATH_FD). */
const leftoverGraceMs = 1000;

/**
 * One run, from an empty folder to an empty folder: runtime folder → pidfile → control socket → listeners →
 * tailscaled and the key → login → first netmap → serve → drain → logout → everything removed.
 *
 * Returns when it is over. A failure before `ready` is reported last, when it is true that nothing is left;
 * only without `wait` the listeners stay, and with them the run.
 */
export async function runSupervisor(
  options: SupervisorOptions,
  build: BuildParts,
): Promise<SupervisorEnd> {
  let lastWord: ProgressEvent | undefined;
  const progress = createProgress((event) => {
    if (event.kind === 'failed' && options.settings.wait) lastWord = event;
    else options.report(event);
  });
  try {
    progress.begin('runtime folder');
    const folder = await openRuntimeFolder(options.settings.runtimeDir);
    const self = identify(process.pid) as ProcessId;
    const claim = await claimPidfile(folder.pidfile, self);
    if (claim.kind === 'taken') {
      options.report({ kind: 'already', pid: claim.by.pid });
      return { kind: 'already', by: claim.by };
    }
    try {
      return await claimedRun(options, build, folder, self, progress);
    } finally {
      await releasePidfile(folder.pidfile, self);
    }
  } catch (error) {
    const explained = asUnusable(options.settings.runtimeDir, error);
    progress.failed(explained);
    throw explained;
  } finally {
    if (lastWord !== undefined) options.report(lastWord);
  }
}

async function claimedRun(
  options: SupervisorOptions,
  build: BuildParts,
  folder: RuntimeFolder,
  self: ProcessId,
  progress: Progress,
): Promise<SupervisorEnd> {
  const { settings } = options;
  const timeout = AbortSignal.timeout(settings.upTimeoutMs);
  for (const notice of options.notices) progress.notice(notice);
  const members = membersOf(options, folder);
  const state = createRunState(self, options.owner, members);
  const run: Run = {
    options,
    folder,
    parts: await build(folder, () => state.core()),
    progress,
    state,
    ending: createEnding(options.stop),
  };
  const finished = Promise.withResolvers<unknown>();
  const watchdog = watchOwner({
    owner: options.owner,
    graceMs: settings.ownerGraceMs,
    lastClientSeenMs: () => run.parts.bridge.lastClientSeenMs(),
    onAbandoned: () => run.ending.end('owner gone', 'the shell that called `spacetail up` is gone'),
  });
  let control: ControlServer | undefined;
  let failure: SpacetailError | undefined;
  try {
    await endLeftoverTailscaled(folder, leftoverGraceMs);
    // What a killed run had saved is still the user's.
    await writeBefore(folder, { ...(await readBefore(folder)), ...options.before });
    progress.begin('control socket');
    const own = supervisorOperations({ ...run, watchdog, finished: finished.promise });
    control = await listenControl(folder.controlSocket, { ...run.parts.operations, ...own });
    await bindListeners(run);
    await serve(run, timeout);
  } catch (thrown) {
    const error = asUnusable(folder.path, thrown);
    failure =
      error instanceof SpacetailError
        ? error
        : new SpacetailError('internal', String(error), { cause: error });
  }
  watchdog.stop();
  finished.resolve({ end: run.ending.why(), record: await takeDown(run) });
  if (failure !== undefined) progress.failed(failure);
  await Promise.all([control?.close(answerMs), ...members.map(({ log }) => log.close())]);
  return { kind: 'ended', end: run.ending.why(), error: failure };
}

function membersOf(
  options: SupervisorOptions,
  folder: RuntimeFolder,
): readonly [Member, ...Member[]] {
  const { settings } = options;
  const one: MemberSettings = { name: '', isOptional: false, tailnet: settings.tailnet };
  const made = (member: MemberSettings): Member => {
    const own = memberPaths(folder, member.name);
    const log = createTailscaledLog(own.tailscaledLog, (text) => options.redact(text));
    const state = { kind: 'starting', step: 'listeners' } as const;
    return { ...member, folder: own, log, learnt: { wantsLogs: false }, keeper: undefined, state };
  };
  const [first = one, ...others] = settings.tailnets ?? [];
  return [made(first), ...others.map(made)];
}

/** Joins and serves until the run is to end. @throws {SpacetailError} where a failed join ends the run */
async function serve(run: Run, timeout: AbortSignal): Promise<void> {
  try {
    await bringUp(run, timeout);
  } catch (error) {
    if (run.options.settings.wait || run.ending.signal.aborted) throw error;
    run.progress.failed(error);
  }
  await aborted(run.ending.signal);
}
