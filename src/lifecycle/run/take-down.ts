import { rm } from 'node:fs/promises';
import { stopGraceMs } from '../join/join-parts.ts';
import { filesOfTailnets } from './stale-run.ts';
import type { Run } from './run.ts';
import { removeSecretFiles } from '../folder/runtime-folder.ts';
import { within } from '../../async.ts';

/** Requests under way get this long; with what follows `down` stays below 10 s in the worst case. */
const drainMs = 2000;
const finishMs = 1500;

/**
 * Undoes a run in the order that loses least: requests under way end, the node logs out while the bridge
 * closes and the record is written, then the files go. The logs and last-run.json stay.
 *
 * @returns what `finish` returned
 */
export async function takeDown(run: Run): Promise<unknown> {
  const { folder, parts, state } = run;
  state.stopping = true;
  if (state.listeners !== undefined) await settled(drainMs + 500, parts.bridge.drain(drainMs));
  const close = async (): Promise<unknown> => {
    await settled(finishMs, parts.bridge.close());
    return await settled(finishMs, parts.finish(run.ending.why()));
  };
  const [record] = await Promise.all([
    close(),
    settled(
      stopGraceMs + 1000,
      Promise.all(state.members.map(async ({ keeper }) => keeper?.stop(stopGraceMs))),
    ),
  ]);
  await removeSecretFiles(folder);
  const names = state.members.map(({ name }) => name);
  const files = [folder.before, ...filesOfTailnets(folder, names)];
  await Promise.all(files.map((path) => rm(path, { force: true, recursive: true })));
  return record;
}

/** What hangs or fails at the end of a run must not keep the rest from being undone. */
async function settled<Result>(
  limitMs: number,
  work: Promise<Result> | Result,
): Promise<Result | undefined> {
  return within(
    limitMs,
    Promise.resolve(work).catch(() => undefined),
  );
}
