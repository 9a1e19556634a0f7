import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import t from 'tap';
import { SpacetailError } from '../../../src/errors.ts';
import { splitShellWords } from '../../../src/lifecycle/tailscaled/shell-words.ts';

const words = (text: string) => splitShellWords(text, 'TS_EXTRA_ARGS');

void t.test('words are split as a shell quotes them', (t) => {
  const cases: [string, string[]][] = [
    ['', []],
    ['  \t\n ', []],
    ['--a --b=c', ['--a', '--b=c']],
    [`--hostname='my host' --x="a b"c`, ['--hostname=my host', '--x=a bc']],
    [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', String.raw`e\f`]],
    [`'' ""`, ['', '']],
    ['a\nb', ['a', 'b']],
    [`--tags='tag:a,tag:b'`, ['--tags=tag:a,tag:b']],
  ];
  for (const [text, expected] of cases) t.same(words(text), expected, text);
  t.end();
});

void t.test('nothing is expanded: variables, globs, tildes and backquotes stay as written', (t) => {
  const cases: [string, string[]][] = [
    ['$HOME ${HOME} $$ $', ['$HOME', '${HOME}', '$$', '$']],
    [`"$HOME" '$HOME' "a\\$b" \\$c`, ['$HOME', '$HOME', 'a$b', '$c']],
    ['* a?b ~ `id`', ['*', 'a?b', '~', '`id`']],
    ['a#b "#" \'# x\' \\#c a"#"', ['a#b', '#', '# x', '#c', 'a#']],
    ['${} ${', ['${}', '${']],
  ];
  for (const [text, expected] of cases) t.same(words(text), expected, text);
  t.end();
});

void t.test(
  'what a shell would run, and a broken quote, is refused without printing the text',
  (t) => {
    const texts = [
      '--auth-key=s3cret ; id',
      's3cret && id',
      's3cret | x',
      's3cret > f',
      's3cret (x)',
      's3cret # x',
      "s3cret 'x",
      's3cret "x',
      's3cret \\',
    ];
    for (const text of texts) {
      try {
        words(text);
        t.fail(`accepted: ${text}`);
      } catch (error) {
        if (!(error instanceof SpacetailError)) throw error;
        t.equal(error.code, 'config_invalid');
        t.match(error.message, /^TS_EXTRA_ARGS: /);
        t.notMatch(`${error.message} ${error.hint}`, /s3cret/);
      }
    }
    t.end();
  },
);

void t.test('any list of arguments comes back from its single-quoted form', (t) => {
  const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string().filter((word) => !word.includes('\0'))), (list) => {
      assert.deepEqual(words(list.map(quote).join(' ')), list);
    }),
    { seed: 14, numRuns: 300 },
  );
  t.pass('300 runs');
  t.end();
});

void t.test('a real shell splits the same', (t) => {
  const texts = [
    String.raw`a\ b "c d"'e f' g\"h`,
    String.raw`"a\\b" 'a\\b' a\\b`,
    `x''y "" z`,
    String.raw`"a\b\"c"`,
    `a#b '#c'`,
  ];
  for (const text of texts) {
    const output = execFileSync(
      'sh',
      ['-c', String.raw`for w in ${text}; do printf '%s\0' "$w"; done`],
      { encoding: 'utf8' },
    );
    t.strictSame(words(text), output.split('\0').slice(0, -1), text);
  }
  t.end();
});
