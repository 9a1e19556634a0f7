/**
 * The file that Spacelift merges into the plan policy's input, as
 * `input.third_party_metadata.custom.spacetail`: written by the end of after_plan into the project root.
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Counts, RunSnapshot } from './snapshot.ts';

export const customInputFile = 'spacetail.custom.spacelift.json';

/** Snake case and whole names, since Rego reads it beside Spacelift's own fields. */
export interface CustomInput {
  /** A policy compares it with `input.spacelift.run.id`; `null` outside Spacelift. */
  readonly run_id: string | null;
  readonly policy_mode: string;
  readonly started_at: string;
  readonly written_at: string;
  readonly totals: CustomCounts;
  readonly destinations: readonly (CustomCounts & {
    readonly host: string;
    readonly port: number;
    readonly route: string;
    readonly peer: string | null;
  })[];
  /** False when there were more destinations than are kept apart: a policy should then deny. */
  readonly complete: boolean;
}

interface CustomCounts {
  readonly requests: number;
  readonly errors: number;
  readonly denied: number;
  readonly would_deny: number;
  readonly bytes_up: number;
  readonly bytes_down: number;
}

export function customInputOf(snapshot: RunSnapshot): CustomInput {
  return {
    run_id: snapshot.runId,
    policy_mode: snapshot.policyMode,
    started_at: new Date(snapshot.startedMs).toISOString(),
    written_at: new Date(snapshot.snapshotMs).toISOString(),
    totals: countsOf(snapshot.totals),
    destinations: snapshot.destinations.map((destination) => ({
      host: destination.host,
      port: destination.port,
      route: destination.route,
      peer: destination.peer,
      ...countsOf(destination),
    })),
    complete: snapshot.otherDestinations === null,
  };
}

function countsOf(counts: Counts): CustomCounts {
  const { requests, errors, denied, wouldDeny, bytesUp, bytesDown } = counts;
  return {
    requests,
    errors,
    denied,
    would_deny: wouldDeny,
    bytes_up: bytesUp,
    bytes_down: bytesDown,
  };
}

/**
 * Writes the file whole or not at all, never through a link that stands in its place.
 * @returns its path
 */
export async function writeCustomInput(
  projectRoot: string,
  snapshot: RunSnapshot,
): Promise<string> {
  const path = join(projectRoot, customInputFile);
  const draft = join(projectRoot, `.${customInputFile}.${randomBytes(6).toString('hex')}`);
  const file = await open(draft, 'wx', 0o644);
  try {
    await file.writeFile(`${JSON.stringify(customInputOf(snapshot), null, 2)}\n`);
    await file.close();
    await removeStaleCustomInput(projectRoot);
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
  return path;
}

/**
 * Takes away what stands under the file's name before the run: a pull request could commit one, also as a
 * link or a folder.
 * @returns whether there was something
 */
export async function removeStaleCustomInput(projectRoot: string): Promise<boolean> {
  const path = join(projectRoot, customInputFile);
  try {
    await rm(path, { recursive: true });
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
