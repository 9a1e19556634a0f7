/**
 * `npm pack` runs this before and after: node scripts/ship/manifest.ts strip|restore
 *
 * The bundles hold every library, so what is published has no dependencies to install, and no scripts. In the
 * repository they stay `dependencies`: that is what the image's build stage and a licence report go by.
 */
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { root } from '../repository.ts';

const manifest = `${root}/package.json`;
const whole = `${root}/.package.json.whole`;
const unpublished = new Set(['dependencies', 'devDependencies', 'scripts']);

/** @throws Error when a file that the package needs has not been built */
async function strip(): Promise<void> {
  for (const file of ['spacetail.js', 'index.cjs'])
    if (!existsSync(`${root}/dist/${file}`)) throw new Error(`dist/${file} is missing: make build`);
  // One that was ended in the middle has left the whole one aside.
  if (!existsSync(whole)) await rename(manifest, whole);
  const fields = JSON.parse(await readFile(whole, 'utf8')) as object;
  const kept = Object.entries(fields).filter(([name]) => !unpublished.has(name));
  const published = Object.fromEntries(kept);
  await writeFile(manifest, `${JSON.stringify(published, null, 2)}\n`);
}

/** The same file again, its time of change included. */
async function restore(): Promise<void> {
  if (existsSync(whole)) await rename(whole, manifest);
}

const steps: Record<string, () => Promise<void>> = { strip, restore };
const step = steps[process.argv[2] ?? ''];
if (step === undefined) {
  process.stderr.write('usage: node scripts/ship/manifest.ts strip|restore\n');
  process.exitCode = 2;
} else await step();
