/**
 * What each test file needs to be built before it runs. Nobody lists that: it follows from what the file imports or
 * starts, and from what that imports in turn. Imports of types alone do not count, as they are gone when Node runs it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Nothing; headscale and tailscale; the programs that clients are, too. */
export type Needs = 'nothing' | 'tailnet' | 'clients';

/** Who imports one of these finds or starts what was built, the later the more. */
const builders: Readonly<Record<Exclude<Needs, 'nothing'>, readonly string[]>> = {
  tailnet: ['test/tailnet/toolchain.ts', 'test/support/go-program.ts'],
  clients: ['test/ship/tools.ts'],
};

/**
 * @param root - the repository
 * @returns each `*.test.ts` below `test/`, relative to the repository and sorted, with what it needs
 */
export async function readNeeds(root: string): Promise<ReadonlyMap<string, Needs>> {
  const files = readdirSync(`${root}/test`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `test/${path}`)
    .toSorted();
  const imports = await readImports(root, files);
  return new Map(files.map((file) => [file, needsOf(reachable(imports, file))]));
}

/** File → files it imports, lazy imports included, as esbuild reads them, and programs that it names in order to start them. */
async function readImports(
  root: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...files],
    // Only its list of what was read is wanted.
    write: false,
    outdir: root,
    bundle: true,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    logLevel: 'error',
  });
  const graph = new Map<string, readonly string[]>();
  const started = new Set<string>();
  for (const [file, { imports }] of Object.entries(metafile.inputs)) {
    const imported = imports.filter(({ external }) => external !== true).map(({ path }) => path);
    const programs = programsIn(root, file);
    for (const program of programs) started.add(program);
    graph.set(file, [...imported, ...programs]);
  }
  const unread = [...started].filter((program) => !graph.has(program));
  return unread.length === 0 ? graph : await readImports(root, [...files, ...unread]);
}

/** Sources that a test file or a helper names by a path from its own folder, such as `join(import.meta.dirname, 'main.ts')`. */
function programsIn(root: string, file: string): string[] {
  if (!file.startsWith('test/')) return [];
  // What follows `from` or `import` is esbuild's to judge.
  const named = /(?<!\bfrom |\bimport |\bimport\()['"`]([\w./-]+\.ts)['"`]/g;
  return [...readFileSync(join(root, file), 'utf8').matchAll(named)]
    .map(([, path = '']) => join(dirname(file), path))
    .filter((path) => path.startsWith('test/') && existsSync(join(root, path)));
}

function reachable(imports: ReadonlyMap<string, readonly string[]>, file: string): Set<string> {
  const seen = new Set([file]);
  // A set that grows while it is walked: each file once.
  for (const each of seen) for (const imported of imports.get(each) ?? []) seen.add(imported);
  return seen;
}

function needsOf(reached: ReadonlySet<string>): Needs {
  const isAny = (files: readonly string[]): boolean => files.some((file) => reached.has(file));
  if (isAny(builders.clients)) return 'clients';
  return isAny(builders.tailnet) ? 'tailnet' : 'nothing';
}
