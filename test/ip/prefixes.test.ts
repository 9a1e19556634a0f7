import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { canonicalAddress } from '../../src/ip/addresses.ts';
import { contains, covers, parsePrefix, prefixOf } from '../../src/ip/prefixes.ts';
import type { Prefix } from '../../src/ip/prefixes.ts';

const seed = 15;
const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().map((text) => canonicalAddress(text) ?? '');
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
      assert.ok(contains(parsed, parsed), parsed.text);
      assert.ok(!contains(parsed, parsed.family === 4 ? '::1' : '127.0.0.1'));
    }),
    { seed, numRuns: 500 },
  );
  t.pass('500 runs');
});

void t.test('a prefix in the source that is none is a defect', async (t) => {
  t.equal(prefixOf('fd00::/8').text, 'fd00::/8');
  t.throws(() => prefixOf('10.0.0.0'), TypeError);
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
