/** What a test asks about a run of `createTestRun`. */
import { readdirSync, readFileSync } from 'node:fs';
import { readPidfile } from '../../src/lifecycle/folder/pidfile.ts';
import { identify, type ProcessId } from '../../src/lifecycle/folder/process-id.ts';
import type { ProgressEvent } from '../../src/lifecycle/join/progress.ts';
import type { TestRun } from './test-run.ts';

/** Files that may stay after a run. */
const logs = /^(?:access|spacetail|tailscaled)\.log(?:\.\d)?$|^last-run\.json$/;

export function leftIn(run: TestRun): string[] {
  return readdirSync(run.folder.path).filter((name) => !logs.test(name));
}

export async function supervisorOf(run: TestRun): Promise<ProcessId> {
  const content = await readPidfile(run.folder.pidfile);
  if (content.kind !== 'running') throw new Error(`the pidfile is ${content.kind}`);
  return content.process;
}

export function tailscaledOf(run: TestRun): ProcessId {
  const { pid } = JSON.parse(readFileSync(run.tailscaledRecord, 'utf8')) as { pid: number };
  const found = identify(pid);
  if (found === undefined) throw new Error('the fake tailscaled does not run');
  return found;
}

export function failureOf(last: ProgressEvent): string {
  if (last.kind !== 'failed') throw new Error(`up ended with ${JSON.stringify(last)}`);
  return last.error.message;
}
