/** `spacetail report`: the run so far or, when nothing is up, the last run. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { spaceliftRunId } from '../config/run-id.ts';
import { SpacetailError } from '../errors.ts';
import { isRunSnapshot, type RunSnapshot } from '../report/snapshot.ts';
import { type CommandIo, print } from './io.ts';
import { ask, configOf, runtimeFolderOf } from './supervisor.ts';

const formats = ['table', 'markdown', 'json', 'html'] as const;
type Format = (typeof formats)[number];

export interface ReportOptions {
  readonly format?: string;
  readonly customInput?: boolean;
}

export async function run(options: ReportOptions, io: CommandIo): Promise<number> {
  const format = asFormat(options.format);
  const snapshot = await findSnapshot(configOf(io), io);
  if (options.customInput === true) {
    const { writeCustomInput } = await import('../report/custom-input.ts');
    const path = await writeCustomInput(process.cwd(), snapshot);
    io.stderr.write(`wrote ${path}\n`);
    if (options.format === undefined) return 0;
  }
  await print(io.stdout, await render(snapshot, format));
  return 0;
}

function asFormat(given: string | undefined): Format {
  const format = formats.find((known) => known === (given ?? 'table'));
  if (format !== undefined) return format;
  throw new SpacetailError(
    'config_invalid',
    `--format: ${JSON.stringify(given)} is not accepted; accepted: ${formats.join(', ')}`,
  );
}

async function render(snapshot: RunSnapshot, format: Format): Promise<string> {
  if (format === 'json') return `${JSON.stringify(snapshot, null, 2)}\n`;
  if (format === 'html') return (await import('../report/html.ts')).renderHtml(snapshot);
  const { renderMarkdown, renderTable } = await import('../report/table.ts');
  return format === 'markdown' ? renderMarkdown(snapshot) : renderTable(snapshot);
}

/** @throws {SpacetailError} `not_up` when there is neither a run nor the record of one */
async function findSnapshot(config: Config, io: CommandIo): Promise<RunSnapshot> {
  try {
    const live = await ask(config, 'report', io.signal);
    if (!isRunSnapshot(live))
      throw new SpacetailError('control_failed', 'the supervisor sent a report of another version');
    return live.runId === null ? { ...live, runId: spaceliftRunId(io.env) ?? null } : live;
  } catch (error) {
    if (!(error instanceof SpacetailError) || error.code !== 'not_up') throw error;
  }
  const { lastRun } = await runtimeFolderOf(config);
  const text = await readFile(lastRun, 'utf8').catch(() => undefined);
  const recorded = text === undefined ? undefined : parse(text);
  if (recorded !== undefined) return recorded;
  const why =
    text === undefined ? 'there is no run to report on' : `${lastRun} is not the record of a run`;
  throw new SpacetailError('not_up', `nothing is up, and ${why}`);
}

function parse(text: string): RunSnapshot | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRunSnapshot(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
