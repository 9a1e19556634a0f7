import type { RunSnapshot } from '../report/snapshot.ts';
import { type CommandIo, print } from './io.ts';

/** What the run talked to, as `down` prints it on stderr. */
export async function printRunSummary(snapshot: RunSnapshot, io: CommandIo): Promise<void> {
  const { renderTable } = await import('../report/table.ts');
  await print(io.stderr, renderTable(snapshot));
}
