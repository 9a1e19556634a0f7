import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The repository's folder, without a trailing slash. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export async function readPackage(): Promise<{ version: string; engines: { node: string } }> {
  return JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as never;
}

/** One package of package-lock.json; the key '' is ours. */
export interface LockedPackage {
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export async function readLock(): Promise<{ packages: Readonly<Record<string, LockedPackage>> }> {
  return JSON.parse(await readFile(`${root}/package-lock.json`, 'utf8')) as never;
}
