/**
 * Keeps docs/dependencies.md true: a row and a reason for each dependency of package.json, at an exact version, and
 * how many packages it brings. Writes the counts; with --check it only tells whether the page is up to date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { type LockedPackage, readLock, root } from './repository.ts';

const path = `${root}/docs/dependencies.md`;
const { packages } = await readLock();
const own = packages[''] as LockedPackage;
const problems: string[] = [];

/** As Node resolves: the nearest node_modules above `from`. */
function resolve(from: string, name: string): string | undefined {
  const folders = from === '' ? [] : from.split('/node_modules/');
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const candidate = [...folders.slice(0, depth), name].join('/node_modules/');
    const key = depth === 0 ? `node_modules/${name}` : candidate;
    if (key in packages) return key;
  }
  return undefined;
}

/** Itself and everything that comes with it, binaries for other machines included. */
function broughtBy(names: readonly string[]): Set<string> {
  const brought = new Set<string>();
  const visit = (key: string | undefined): void => {
    if (key === undefined || brought.has(key)) return;
    brought.add(key);
    const { dependencies, optionalDependencies } = packages[key] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      visit(resolve(key, name));
    }
  };
  for (const name of names) visit(resolve('', name));
  return brought;
}

const direct = { ...own.dependencies, ...own.optionalDependencies, ...own.devDependencies };
for (const [name, version] of Object.entries(direct)) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) problems.push(`${name}: ${version} is no exact version`);
}

const seen = new Set<string>();
const lists = {
  Shipped: own.dependencies,
  Optional: own.optionalDependencies,
  'Build and tests': own.devDependencies,
};
const page = (await readFile(path, 'utf8'))
  .replaceAll(
    /^(?<list>Shipped|Optional|Build and tests): \d+ .*$/gm,
    (_, list: keyof typeof lists) => {
      const names = Object.keys(lists[list] ?? {});
      return `${list}: ${names.length} chosen, ${broughtBy(names).size} in all.`;
    },
  )
  .replaceAll(/^\| `(?<name>[^`]+)` \| \d+ \| (?<why>.*) \|$/gm, (_, name: string, why: string) => {
    if (!(name in direct)) problems.push(`docs/dependencies.md: ${name} is no dependency any more`);
    if (seen.has(name)) problems.push(`docs/dependencies.md: two rows for ${name}`);
    if (why.trim().length < 20) problems.push(`docs/dependencies.md: ${name} has no reason`);
    seen.add(name);
    return `| \`${name}\` | ${broughtBy([name]).size} | ${why} |`;
  });
for (const name of Object.keys(direct)) {
  if (!seen.has(name)) problems.push(`docs/dependencies.md: no row for ${name}`);
}

if (!process.argv.includes('--check')) await writeFile(path, page);
else if ((await readFile(path, 'utf8')) !== page)
  problems.push('docs/dependencies.md has old counts: run node scripts/dependencies.ts');
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
