/** `spacetail clean-env`: takes our proxy values out of a saved environment and changes nothing else in it. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import { isOurs, restoredValue } from '../lifecycle/run/proxy-variables.ts';
import { bridgeVariables } from './bridge-variables.ts';
import type { CommandIo } from './io.ts';
import { replaceFile } from './replace-file.ts';
import { type Edit, editEnvironment } from './saved-environment.ts';
import { configOf } from './supervisor.ts';

/** Where Spacelift saves the environment of a phase for the next one. */
export const savedBySpacelift = '/mnt/workspace/.env_hooks_after';

/** @returns 0, also when there is no such file */
export async function run(options: { readonly file?: string }, io: CommandIo): Promise<number> {
  const config = configOf(io);
  const path = options.file ?? savedBySpacelift;
  const bytes = await readIfThere(path).catch((error: unknown) => cannot(io, path, 'read', error));
  if (bytes === undefined) return 0;
  const { bridge, before } = await bridgeVariables(config, io);
  const decide = (name: string, value: string): Edit => {
    if (!isOurs(name, value, bridge)) return { kind: 'keep' };
    const old = restoredValue(name, value, before);
    return old === undefined
      ? { kind: 'remove' }
      : { kind: 'replace', value: Buffer.from(old, 'utf8').toString('latin1') };
  };
  const cleaned = Buffer.from(editEnvironment(bytes.toString('latin1'), decide), 'latin1');
  if (!cleaned.equals(bytes))
    await replaceFile(path, cleaned).catch((error: unknown) => cannot(io, path, 'changed', error));
  return 0;
}

/** The run goes on: the next phase sees variables that lead to a bridge, and brings one up. */
function cannot(io: CommandIo, path: string, what: string, error: unknown): undefined {
  io.stderr.write(
    `spacetail: warning: ${path} cannot be ${what} (${messageOf(error)}); proxy variables of ours may stay in it\n`,
  );
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
