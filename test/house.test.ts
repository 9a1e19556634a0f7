import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { besideIdle, notBesideIdle } from '../scripts/beside-idle.ts';
import { importsOf, readImports, violations } from './support/house.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = `${root}src`;

void t.test('no import crosses a wall, runs up or closes a circle', async (t) => {
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
    ['proxy/dial.ts', ['dns/resolver.ts', 'proxy/tunnel.ts']],
    ['proxy/tunnel.ts', ['proxy/dial.ts']],
    ['dns/resolver.ts', ['errors.ts', 'dns/gone.ts']],
    ['serve.ts', ['proxy/dial.ts']],
    ['attic/old.ts', []],
  ]);
  t.same(violations(graph), [
    'up: config.ts imports serve.ts',
    'wall: proxy/dial.ts imports dns/resolver.ts',
    'missing: dns/resolver.ts imports dns/gone.ts',
    'no floor: attic/old.ts',
    'circle: proxy/dial.ts → proxy/tunnel.ts → proxy/dial.ts',
  ]);
});

void t.test('every source file is one idea of at most 220 lines', async (t) => {
  const linesOf = (file: string): number =>
    readFileSync(`${src}/${file}`, 'utf8').split('\n').length - 1;
  const files = [...readImports(src).keys()];
  t.same(
    files.filter((file) => linesOf(file) > 220),
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
