import { readFile, rm, writeFile } from 'node:fs/promises';
import type { RuntimeFolder } from '../folder/runtime-folder.ts';

/** The proxy variables that stood before `up`, by their exact names. */
export type Before = Readonly<Record<string, string>>;

function isBefore(value: unknown): value is Before {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

/** What stood before `up`; nothing when it was never written or is unreadable. */
export async function readBefore(folder: RuntimeFolder): Promise<Before> {
  try {
    const value: unknown = JSON.parse(await readFile(folder.before, 'utf8'));
    return isBefore(value) ? value : {};
  } catch {
    return {};
  }
}

/** It may hold the password of a proxy: mode 0600, and gone after `down`. */
export async function writeBefore(folder: RuntimeFolder, before: Before): Promise<void> {
  await rm(folder.before, { force: true });
  await writeFile(folder.before, JSON.stringify(before), { mode: 0o600, flag: 'wx' });
}
