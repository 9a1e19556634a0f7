/** Every package in node_modules has a licence from the list; what is shipped, and what only builds and tests. */
import { readFile } from 'node:fs/promises';
import { readLock, root } from './repository.ts';

/** Permissive: they ask for their text to be kept, and for nothing of ours. */
const shippable = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);

/** Besides, for what no user gets: the first is permissive too, the others are for data. */
const usable = new Set([...shippable, 'BlueOak-1.0.0', 'CC-BY-3.0', 'CC0-1.0']);

/** No field in package.json; read in the package by a person. */
const readByHand: Readonly<Record<string, string>> = {
  // LICENSE
  'cliff@0.1.10': 'MIT',
  // MIT-LICENSE.txt
  'colors@0.6.2': 'MIT',
  // "Public Domain" at the top of cycle.js
  'cycle@1.0.3': 'CC0-1.0',
  // license
  'jsonc-simple-parser@3.0.0': 'MIT',
  // at the top of lib/sprintf.js
  'sprintf@0.1.3': 'BSD-3-Clause',
};

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type?: string };
  readonly licenses?: readonly (string | { readonly type?: string })[];
}

/** As an SPDX expression; several licences of an old manifest are a choice. */
function licenceOf(manifest: Manifest): string {
  const typeOf = (entry: string | { readonly type?: string }): string =>
    typeof entry === 'string' ? entry : (entry.type ?? '');
  const declared = manifest.license === undefined ? manifest.licenses : [manifest.license];
  if (declared !== undefined && declared.length > 0) return declared.map(typeOf).join(' OR ');
  return readByHand[`${manifest.name}@${manifest.version}`] ?? 'none';
}

/** An expression of ANDs and ORs without nesting, which is all that occurs; anything else is not allowed. */
function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean {
  const terms = expression.replace(/^\((?<inner>[^()]*)\)$/, '$<inner>').split(/ OR /);
  return terms.some((term) => term.split(/ AND /).every((name) => allowed.has(name.trim())));
}

const found = new Map<string, number>();
const refused: string[] = [];
for (const [path, { dev, optional, license }] of Object.entries((await readLock()).packages)) {
  if (path === '') continue;
  const text = await readFile(`${root}/${path}/package.json`, 'utf8').catch(() => undefined);
  // Binaries for other machines are not here; the lock file has what their manifest says.
  if (text === undefined && optional !== true) refused.push(`${path} is not installed`);
  const licence =
    text === undefined ? (license ?? 'none') : licenceOf(JSON.parse(text) as Manifest);
  if (!isAllowed(licence, dev === true ? usable : shippable)) refused.push(`${path}: ${licence}`);
  const kind = `${licence}${dev === true ? ' (build and tests)' : ''}`;
  found.set(kind, (found.get(kind) ?? 0) + 1);
}
console.log([...found].map(([licence, count]) => `${count} ${licence}`).join(', '));
for (const line of refused)
  console.error(`licence not on the list of scripts/licences.ts: ${line}`);
if (refused.length > 0) process.exitCode = 1;
