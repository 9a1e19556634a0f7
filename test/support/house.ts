/** Reads the imports of a folder of sources and finds what breaks the plan of the house. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/** File (relative to src/) → files it imports, types and lazy imports included. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

export interface Floor {
  /** What a file's path must match to live on this floor. */
  readonly files: RegExp;
  /** Its name in a violation. */
  readonly name: string;
}

/** The house from the ground up: a file may import its own floor and those below it. */
export const floors: readonly Floor[] = [
  {
    name: 'ground',
    files: /^((async|errors|log|log-file|memo|no-proxy|version|tailnet)\.ts$|(http1|ip)\/)/,
  },
  { name: 'rooms', files: /^(proxy|dns|lifecycle|report)\// },
  { name: 'config', files: /^config(\.ts$|\/)/ },
  { name: 'wiring', files: /^(serve\.ts$|serve\/)/ },
  { name: 'commands', files: /^commands\// },
  { name: 'doors', files: /^((cli|index)\.ts$|api\/)/ },
];

/** Rooms that never import one another. */
const rooms = ['proxy', 'dns', 'lifecycle', 'report'];

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

function floorOf(file: string): number {
  return floors.findIndex((floor) => floor.files.test(file));
}

function roomOf(file: string): string | undefined {
  return rooms.find((room) => file.startsWith(`${room}/`));
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

/** One sentence for each wall crossed, arrow that runs up, file on no floor, missing file and circle. */
export function violations(graph: ImportGraph): string[] {
  const found: string[] = [];
  for (const [file, targets] of graph) {
    if (floorOf(file) < 0) found.push(`no floor: ${file}`);
    for (const target of targets) {
      const from = roomOf(file);
      const to = roomOf(target);
      if (!graph.has(target)) found.push(`missing: ${file} imports ${target}`);
      else if (from !== undefined && to !== undefined && from !== to)
        found.push(`wall: ${file} imports ${target}`);
      else if (floorOf(target) > floorOf(file)) found.push(`up: ${file} imports ${target}`);
    }
  }
  return [...found, ...circles(graph)];
}
