import t from 'tap';
import { canonicalLiteral, endsInNumber } from '../../../src/dns/resolve/literal.ts';

void t.test('every spelling of an address becomes the one it means', async (t) => {
  for (const [text, expected] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1.', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['0x7F000001', '127.0.0.1'],
    ['0', '0.0.0.0'],
    ['１２７.0.0.1', '127.0.0.1'],
    ['::ffff:169.254.169.254', '169.254.169.254'],
    ['[::1]', '::1'],
    ['[::ffff:7f00:1]', '127.0.0.1'],
    ['FE80::1%eth0', 'fe80::1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
  ] as const) {
    t.equal(canonicalLiteral(text), expected, text);
  }
});

void t.test('names are not addresses', async (t) => {
  for (const text of [
    '',
    'localhost',
    'web',
    '1.2.3.999',
    '08.1',
    '1e3',
    'deadbeef',
    '127.0.0.1/8',
    '127.0.0.1\n',
    '127.0.0.1#',
    '127.0.0.1@x',
    '１２７.0.0.1/',
    '::1/x',
    'a.0x1',
    '.',
    '[',
    '[]',
    'x'.repeat(70_000),
    '1'.repeat(400),
  ]) {
    t.equal(canonicalLiteral(text), undefined, text.slice(0, 30));
  }
});

void t.test('a name that ends in a number is a malformed address', async (t) => {
  for (const name of ['1.2.3.999', '08', 'a.0x1f', 'a.7']) t.ok(endsInNumber(name), name);
  for (const name of ['web', 'a.7b', '7.a', '0xg', '']) t.notOk(endsInNumber(name), name);
});
