import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { root } from '../../scripts/repository.ts';
import { readNeeds } from '../../scripts/test/needs.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

void t.test(
  'what a test needs is read from what it imports or starts, however far away',
  async (t) => {
    const folder = tmpFolder(t);
    const sources = {
      'test/tailnet/toolchain.ts': 'export type Tools = string; export const builtTools = () => 1;',
      'test/ship/tools.ts': 'export const ensureTool = () => 1;',
      'test/tailnet/tailnet.ts': "export * from './toolchain.ts';",
      'test/tailnet/facts.ts':
        "import type { Tools } from './toolchain.ts'; export type Facts = Tools;",
      'test/clients/parts.ts': "import { ensureTool } from '../ship/tools.ts'; ensureTool();",
      'test/dns/plain.test.ts':
        "import '../tailnet/facts.ts'; import type { Tools } from '../tailnet/toolchain.ts';",
      'test/dns/far.test.ts': "import '../tailnet/tailnet.ts'; import 'tap'; import 'node:fs';",
      'test/dns/lazy.test.ts': "await import('../tailnet/tailnet.ts');",
      'test/client.test.ts': "import './tailnet/tailnet.ts'; import './clients/parts.ts';",
      'test/main.ts': "import './tailnet/tailnet.ts';",
      'test/start.ts': "export const main = join(import.meta.dirname, 'main.ts');",
      'test/starts.test.ts': "import './start.ts'; import 'absent';",
      'test/helper.ts': "import './tailnet/tailnet.ts';",
    };
    for (const [path, text] of Object.entries(sources)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    t.strictSame(
      [...(await readNeeds(folder))],
      [
        ['test/client.test.ts', 'clients'],
        ['test/dns/far.test.ts', 'tailnet'],
        ['test/dns/lazy.test.ts', 'tailnet'],
        ['test/dns/plain.test.ts', 'nothing'],
        ['test/starts.test.ts', 'tailnet'],
      ],
    );
  },
);

void t.test('unit tests ran before the programs that seven of them need were built', async (t) => {
  const needs = await readNeeds(root);
  const count = (wanted: string): number =>
    [...needs.values()].filter((what) => what === wanted).length;
  t.equal(needs.get('test/lifecycle/run/hooks-ash.test.ts'), 'tailnet');
  t.equal(needs.get('test/clients/tofu.test.ts'), 'clients');
  t.equal(needs.get('test/clients/door.test.ts'), 'nothing');
  for (const kind of ['nothing', 'tailnet', 'clients']) t.ok(count(kind) > 5, kind);
});
