import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';

const folder = dirname(import.meta.dirname);

/** The calls of fast-check in a test as oxfmt lays them out: from `fc.assert(` to the bracket of the same indentation. */
function propertiesOf(source: string): string[] {
  return [...source.matchAll(/^( *)(?:await )?fc\.assert\(\n[^]*?^\1\)/gm)].map(([text]) => text);
}

void t.test('a property is one assertion: its rounds throw or return', async (t) => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.test.ts') && file !== 'support/properties.test.ts',
  );
  const properties = files.flatMap((file) =>
    propertiesOf(readFileSync(join(folder, file), 'utf8')).map((text) => ({ file, text })),
  );
  t.ok(properties.length > 30, `${properties.length} properties were looked at`);
  t.same(
    properties.filter(({ text }) => /\bt\.\w+\(/.test(text)).map(({ file }) => file),
    [],
  );
});

void t.test('rounds that assert are found', async (t) => {
  const rounds = (body: string): string =>
    `  fc.assert(\n    fc.property(fc.string(), (text) => {\n      ${body}\n    }),\n  );\n  t.pass('all');`;
  t.match(propertiesOf(rounds('t.ok(text);')), [/t\.ok\(text\)/]);
  t.notMatch(propertiesOf(rounds('return true;')).join(''), /t\.pass/);
});
