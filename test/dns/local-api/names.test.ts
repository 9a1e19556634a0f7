import * as fc from 'fast-check';
import t from 'tap';
import {
  isUnder,
  longestSuffix,
  normaliseName,
  parentsOf,
} from '../../../src/dns/local-api/names.ts';

void t.test('case, one trailing dot and Unicode make no difference', async (t) => {
  t.equal(normaliseName('WEB.Tail1.ts.NET.'), 'web.tail1.ts.net');
  t.equal(normaliseName('bücher.de'), 'xn--bcher-kva.de');
  t.equal(normaliseName('_dmarc.a_b.example'), '_dmarc.a_b.example');
  t.equal(normaliseName('a'.repeat(63)), 'a'.repeat(63));
});

void t.test('what cannot be a DNS name is refused', async (t) => {
  for (const text of [
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a..',
    'a b',
    'a/b',
    'a:1',
    'a\n',
    'a%b',
    '*.a',
    'a'.repeat(64),
    `${'a.'.repeat(127)}a`,
    'é'.repeat(70_000),
    'x'.repeat(65_536),
  ]) {
    t.equal(normaliseName(text), undefined, JSON.stringify(text.slice(0, 20)));
  }
});

void t.test('normalising twice changes nothing, whatever the text', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 80 }),
        fc.domain(),
        fc.string({ maxLength: 80 }),
      ),
      (text) => {
        const once = normaliseName(text);
        return once === undefined || (once === normaliseName(once) && once.length <= 253);
      },
    ),
    { seed: 13, numRuns: 5_000 },
  );
  t.pass('5,000 texts');
});

void t.test('suffixes are whole labels, and the longest counts', async (t) => {
  t.ok(isUnder('a.ts.net', 'ts.net'));
  t.ok(isUnder('ts.net', 'ts.net'));
  t.notOk(isUnder('ats.net', 'ts.net'));
  t.notOk(isUnder('a.b', ''));
  t.notOk(isUnder('net', 'ts.net'));
  t.same([...parentsOf('a.b.c')], ['b.c', 'c']);
  t.equal(longestSuffix('x.k8s.corp.test', new Set(['test', 'corp.test'])), 'corp.test');
  t.equal(longestSuffix('corp.test', new Set(['test', 'corp.test'])), 'corp.test');
  t.equal(longestSuffix('xcorp.test', new Set(['corp.test'])), undefined);
});
