import * as fc from 'fast-check';
import t from 'tap';
import { canonicalAddress } from '../../src/ip/addresses.ts';
import { contains, covers, parsePrefix, PrefixTree } from '../../src/ip/prefixes.ts';
import type { Prefix } from '../../src/ip/prefixes.ts';

const seed = 15;
const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().map((text) => canonicalAddress(text) ?? '');
const address = fc.oneof(ipv4, ipv6);
const prefix = fc
  .oneof(fc.tuple(ipv4, fc.nat(32)), fc.tuple(ipv6, fc.nat(128)))
  .map(([ip, length]) => parsePrefix(`${ip}/${length}`))
  .filter((parsed) => parsed !== undefined);

void t.test('a prefix is read with its host bits cleared', async (t) => {
  t.equal(parsePrefix('10.1.2.3/8')?.text, '10.0.0.0/8');
  t.equal(parsePrefix('10.1.2.255/31')?.text, '10.1.2.254/31');
  t.equal(parsePrefix('FD00:0:0::1/64')?.text, 'fd00::/64');
  t.equal(parsePrefix('0.0.0.0/0')?.text, '0.0.0.0/0');
});

void t.test('an IPv4-mapped prefix is the IPv4 prefix that it means', async (t) => {
  t.equal(parsePrefix('::ffff:10.1.0.0/104')?.text, '10.0.0.0/8');
});

void t.test('what is no prefix is none', async (t) => {
  for (const text of [
    '10.0.0.0',
    '10/8',
    '10.0.0/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '/8',
    '::/129',
    'x/8',
    '0x0a.0.0.0/8',
    '10.0.0.0/8 ',
  ]) {
    t.equal(parsePrefix(text), undefined, text);
  }
});

void t.test('a prefix contains its own address, and none of the other family', async (t) => {
  fc.assert(
    fc.property(prefix, (parsed) => {
      t.ok(contains(parsed, parsed.bytes), parsed.text);
      t.notOk(contains(parsed, parsed.bytes.length === 4 ? '::1' : '127.0.0.1'));
    }),
    { seed, numRuns: 500 },
  );
});

void t.test('a prefix covers another when it is not longer and holds its address', async (t) => {
  const [wide, narrow] = [parsePrefix('10.0.0.0/8'), parsePrefix('10.2.0.0/16')] as [
    Prefix,
    Prefix,
  ];
  t.ok(covers(wide, narrow));
  t.ok(covers(wide, wide));
  t.notOk(covers(narrow, wide));
});

void t.test('the tree finds the same prefixes as looking at each', async (t) => {
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 50 }), fc.array(address), (prefixes, addresses) => {
      const tree = new PrefixTree<Prefix>();
      for (const each of prefixes) tree.add(each, each);
      for (const ip of [...addresses, ...prefixes.map((each) => each.text.split('/')[0] ?? '')]) {
        const expected = prefixes.filter((each) => contains(each, ip)).map((each) => each.text);
        const actual = tree.around(ip);
        t.strictSame(actual.map((each) => each.text).sort(), expected.sort(), ip);
        const lengths = actual.map((each) => each.length);
        t.strictSame(
          lengths,
          lengths.toSorted((a, b) => a - b),
          'the shortest first',
        );
      }
    }),
    { seed, numRuns: 100 },
  );
});
