/** Reads the imports of a folder of sources and finds what breaks the architecture: arrows only run down. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** File (relative to src/) → files it imports, types and lazy imports included. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

export interface Layer {
  /** What a file's path must match to belong to this layer. */
  readonly files: RegExp;
  /** Its name in a violation. */
  readonly name: string;
}

/** From the bottom up: a file may import its own layer and those below it. */
export const layers: readonly Layer[] = [
  {
    name: 'base',
    files: /^((async|errors|log|log-file|no-proxy|version|tailnet)\.ts$|(http1|ip)\/)/,
  },
  { name: 'packages', files: /^(proxy|dns|lifecycle|report)\// },
  { name: 'config', files: /^config(\.ts$|\/)/ },
  { name: 'wiring', files: /^(serve\.ts$|serve\/)/ },
  { name: 'commands', files: /^commands\// },
  { name: 'entries', files: /^((cli|index)\.ts$|api\/)/ },
];

/**
 * Packages, which never import one another, each with its folders from the bottom up: a file may import its
 * own folder and those before it. Files beside the folders are on top of them.
 */
export const packages: Readonly<Record<string, readonly string[]>> = {
  proxy: [
    'core',
    'client-process',
    'policy',
    'decide',
    'dial',
    'tunnel',
    'http',
    'log',
    'metrics',
    'request',
    'forward',
    'inbound',
    'pages',
  ],
  dns: ['local-api', 'index', 'resolve'],
  lifecycle: ['folder', 'control', 'tailscaled', 'credentials', 'join', 'run'],
  report: [],
};

/** Each statement that names a module: `import … from`, `export … from`, `import '…'`, `import('…')`. */
const specifier =
  /(?:\bimport\s+(?:type\s+)?(?:[\w*{}\s,$]+\s+from\s+)?|\bexport\s+(?:type\s+)?[\w*{}\s,$]+\s+from\s+|\bimport\(\s*)(['"])(\.[^'"]+)\1/g;

export function importsOf(source: string): string[] {
  return [...source.matchAll(specifier)].map((match) => match[2] ?? '');
}

export function readImports(folder: string): ImportGraph {
  const graph = new Map<string, string[]>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const file = posix.relative(folder, path);
    const targets = importsOf(readFileSync(path, 'utf8'))
      // Data such as the policy's JSON Schema lies outside src.
      .filter((target) => target.endsWith('.ts'))
      .map((target) => posix.join(dirname(file), target));
    graph.set(file, targets);
  }
  return graph;
}

function layerOf(file: string): number {
  return layers.findIndex((layer) => layer.files.test(file));
}

function packageOf(file: string): string | undefined {
  return Object.keys(packages).find((name) => file.startsWith(`${name}/`));
}

/** The place of a file's folder in its package; -1 for a folder that has none. */
function folderOf(name: string, file: string): number {
  const folders = packages[name] ?? [];
  const [, folder = '', ...rest] = file.split('/');
  return rest.length === 0 ? folders.length : folders.indexOf(folder);
}

function circles(graph: ImportGraph): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'closed'>();
  const visit = (file: string, way: readonly string[]): void => {
    if (state.get(file) === 'closed') return;
    if (state.get(file) === 'open') {
      found.push(`circle: ${[...way.slice(way.indexOf(file)), file].join(' → ')}`);
      return;
    }
    state.set(file, 'open');
    for (const target of graph.get(file) ?? []) visit(target, [...way, file]);
    state.set(file, 'closed');
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** One sentence for each arrow that runs up or between packages, file without a layer, missing file and circle. */
export function violations(graph: ImportGraph): string[] {
  const found: string[] = [];
  for (const [file, targets] of graph) {
    const from = packageOf(file);
    if (layerOf(file) < 0 || (from !== undefined && folderOf(from, file) < 0))
      found.push(`no layer: ${file}`);
    for (const target of targets) {
      const to = packageOf(target);
      if (!graph.has(target)) found.push(`missing: ${file} imports ${target}`);
      else if (from !== undefined && to !== undefined && from !== to)
        found.push(`packages: ${file} imports ${target}`);
      else if (layerOf(target) > layerOf(file) || isUpwards(from, to, file, target))
        found.push(`up: ${file} imports ${target}`);
    }
  }
  return [...found, ...circles(graph)];
}

function isUpwards(
  from: string | undefined,
  to: string | undefined,
  file: string,
  target: string,
): boolean {
  return from !== undefined && from === to && folderOf(from, target) > folderOf(from, file);
}
