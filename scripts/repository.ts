import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The repository's folder, without a trailing slash. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export async function readPackage(): Promise<{ version: string; engines: { node: string } }> {
  return JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as never;
}
