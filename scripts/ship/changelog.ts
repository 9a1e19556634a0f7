/**
 * Prints the changelog's entry for a release and fails where the tag, package.json and CHANGELOG.md disagree.
 * Usage: node scripts/ship/changelog.ts v1.2.3
 */
import { readFile } from 'node:fs/promises';
import { readPackage, root } from '../repository.ts';

/** The text under `## [version]`, up to the next heading of that level; undefined where there is none. */
export function entryOf(changelog: string, version: string): string | undefined {
  const lines = changelog.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`## [${version}]`));
  if (start < 0) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => /^## |^\[.*\]: /.test(line));
  const entry = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  return entry.join('\n').trim();
}

async function main(tag: string | undefined): Promise<string> {
  const { version } = await readPackage();
  if (tag !== `v${version}`)
    throw new Error(`the tag is ${tag ?? 'missing'}, package.json says v${version}`);
  const entry = entryOf(await readFile(`${root}/CHANGELOG.md`, 'utf8'), version);
  if (entry === undefined || entry === '')
    throw new Error(`CHANGELOG.md has no entry for ${version}`);
  return entry;
}

if (process.argv[1] === import.meta.filename) {
  try {
    console.log(await main(process.argv[2]));
  } catch (error) {
    console.error(`changelog: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
