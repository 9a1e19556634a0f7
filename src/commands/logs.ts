/** `spacetail logs`: the access log, pretty on a terminal, one JSON line a request elsewhere. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runtimePaths } from '../lifecycle/folder/runtime-folder.ts';
import { followFile, readFrom } from './follow-file.ts';
import { type CommandIo, hasColour, isTerminal, print } from './io.ts';
import { configOf } from './supervisor.ts';

export interface LogsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
}

export async function run(options: LogsOptions, io: CommandIo): Promise<number> {
  const { accessLog } = runtimePaths(configOf(io).runtimeDir);
  const isPretty = options.json !== true && isTerminal(io.stdout);
  const render = isPretty
    ? (await import('./pretty-log.ts')).prettyLines(hasColour(io.stdout, io.env))
    : undefined;
  const write = async (lines: string): Promise<void> =>
    print(
      io.stdout,
      render === undefined ? lines : lines.split('\n').slice(0, -1).map(render).join(''),
    );
  const older = await olderFiles(accessLog);
  for (const path of older) await printLines(readWhole(path), write);
  const bytes = options.follow === true ? followFile(accessLog, io.signal) : readWhole(accessLog);
  const isEmpty = !(await printLines(bytes, write)) && older.length === 0;
  if (isEmpty && options.follow !== true)
    io.stderr.write(`no request has been logged in ${dirname(accessLog)}\n`);
  return 0;
}

/** Rotated ones, the oldest first: `access.log.1`, `access.log.20261124-…`; compressed ones are left out. */
async function olderFiles(accessLog: string): Promise<string[]> {
  const folder = dirname(accessLog);
  const names = await readdir(folder).catch(() => []);
  const rotated = names.filter(
    (name) => name.startsWith(`${basename(accessLog)}.`) && !name.endsWith('.gz'),
  );
  const dated = rotated.map(async (name) => ({
    path: join(folder, name),
    ms: (await stat(join(folder, name))).mtimeMs,
  }));
  return (await Promise.all(dated)).sort((a, b) => a.ms - b.ms).map(({ path }) => path);
}

async function* readWhole(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    if (file !== undefined) yield* readFrom(file, 0);
  } finally {
    await file?.close();
  }
}

/**
 * Whole lines only: one that is being written comes with the next chunk.
 * @returns whether there was one
 */
async function printLines(
  chunks: AsyncIterable<Buffer>,
  write: (lines: string) => Promise<void>,
): Promise<boolean> {
  let rest: Buffer = Buffer.alloc(0);
  let hasAny = false;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(10) + 1;
    rest = Buffer.from(bytes.subarray(end));
    if (end === 0) continue;
    hasAny = true;
    await write(bytes.toString('utf8', 0, end));
  }
  return hasAny;
}
