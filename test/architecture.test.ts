import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { besideIdle, notBesideIdle } from '../scripts/beside-idle.ts';
import { importsOf, packages, readImports, violations } from './support/architecture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = `${root}src`;

void t.test('no import runs up, goes from one package to another or closes a circle', async (t) => {
  const graph = readImports(src);
  t.ok(graph.size > 40, `${graph.size} files were read`);
  t.same(violations(graph), []);
});

void t.test('the reader sees every form of import', async (t) => {
  const source = `
    import { a } from './a.ts';
    import type { B } from "../b.ts";
    import c, { type D } from './c.ts';
    import './side-effect.ts';
    export { e } from './e.ts';
    export type * from './f.ts';
    const g = await import('./g.ts');
    import fs from 'node:fs';
  `;
  t.same(importsOf(source), [
    './a.ts',
    '../b.ts',
    './c.ts',
    './side-effect.ts',
    './e.ts',
    './f.ts',
    './g.ts',
  ]);
});

void t.test('each kind of violation is found', async (t) => {
  const graph = new Map([
    ['config.ts', ['serve.ts']],
    ['errors.ts', []],
    ['proxy/dial/dial.ts', ['dns/resolve/resolver.ts', 'proxy/inbound/socks5.ts']],
    ['proxy/inbound/socks5.ts', ['proxy/dial/dial.ts', 'proxy/bridge.ts']],
    ['proxy/bridge.ts', ['proxy/inbound/socks5.ts']],
    ['proxy/attic/old.ts', []],
    ['dns/resolve/resolver.ts', ['errors.ts', 'dns/resolve/gone.ts']],
    ['serve.ts', ['proxy/dial/dial.ts']],
    ['attic/old.ts', []],
  ]);
  t.same(violations(graph), [
    'up: config.ts imports serve.ts',
    'packages: proxy/dial/dial.ts imports dns/resolve/resolver.ts',
    'up: proxy/dial/dial.ts imports proxy/inbound/socks5.ts',
    'up: proxy/inbound/socks5.ts imports proxy/bridge.ts',
    'no layer: proxy/attic/old.ts',
    'missing: dns/resolve/resolver.ts imports dns/resolve/gone.ts',
    'no layer: attic/old.ts',
    'circle: proxy/dial/dial.ts → proxy/inbound/socks5.ts → proxy/dial/dial.ts',
    'circle: proxy/inbound/socks5.ts → proxy/bridge.ts → proxy/inbound/socks5.ts',
  ]);
});

void t.test('each folder of a package has its place', async (t) => {
  for (const [name, folders] of Object.entries(packages)) {
    const there = readdirSync(`${src}/${name}`, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    t.same(there.toSorted(), folders.toSorted(), name);
  }
});

void t.test('every source file is one idea of at most 350 lines', async (t) => {
  const linesOf = (file: string): number =>
    readFileSync(`${src}/${file}`, 'utf8').split('\n').length - 1;
  const files = [...readImports(src).keys()];
  t.same(
    files.filter((file) => linesOf(file) > 350),
    [],
  );
});

void t.test('no file has syntax that Node 22 cannot parse', async (t) => {
  const tooNew = /^\s*(?:await )?using \w+ =/m;
  t.match('  await using it = await open();', tooNew);
  const files = ['src', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.[jt]s$/.test(file))
      .map((file) => `${folder}/${file}`),
  );
  t.ok(files.length > 400, `${files.length} files were read`);
  t.same(
    files.filter((file) => tooNew.test(readFileSync(`${root}/${file}`, 'utf8'))),
    [],
  );
});

void t.test(
  'each test that starts runs does so beside an idle tailnet, or says why not',
  async (t) => {
    const files = ['integration', 'faults'].flatMap((folder) =>
      readdirSync(`${root}/test/${folder}`)
        .filter((file) => file.endsWith('.test.ts'))
        .map((file) => `test/${folder}/${file}`),
    );
    t.same([...besideIdle, ...Object.keys(notBesideIdle)].toSorted(), files.toSorted());
  },
);
