import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import ipaddr from 'ipaddr.js';
import {
  addressBytes,
  addressOf,
  addressText,
  canonicalAddress,
  formatAddress,
  parseAddress,
} from '../../src/ip/addresses.ts';

const spellings: [host: string, canonical: string | undefined][] = [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.1.', '127.0.0.1'],
  ['0x7f.1', '127.0.0.1'],
  ['0X7F.0.0.1', '127.0.0.1'],
  ['127.1', '127.0.0.1'],
  ['2130706433', '127.0.0.1'],
  ['0x7f000001', '127.0.0.1'],
  ['0177.0.0.01', '127.0.0.1'],
  ['017700000001', '127.0.0.1'],
  ['0', '0.0.0.0'],
  ['0x', '0.0.0.0'],
  ['1.65535', '1.0.255.255'],
  ['[::1]', '::1'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['FD7A:115C:A1E0::7', 'fd7a:115c:a1e0::7'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['fe80::1%eth0', 'fe80::1'],
  ['[fe80::1%25eth0]', 'fe80::1'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['[::ffff:7f00:1]', '127.0.0.1'],
  ['64:ff9b::127.0.0.1', '64:ff9b::7f00:1'],
  ['db', undefined],
  ['db.tail1.ts.net', undefined],
  ['1.2.3.4.5', undefined],
  ['1.2.3.256', undefined],
  ['256.1', undefined],
  ['4294967296', undefined],
  ['08.1.1.1', undefined],
  ['1..2', undefined],
  ['-1', undefined],
  ['[127.0.0.1]', undefined],
  ['[::1', undefined],
  ['::1]', undefined],
  ['::g', undefined],
  [':', undefined],
  ['', undefined],
  ['1.2.3.4:80', undefined],
];

for (const [host, canonical] of spellings) {
  void t.test(`${JSON.stringify(host)} is ${canonical ?? 'a name or nothing'}`, async (t) => {
    t.equal(canonicalAddress(host), canonical);
  });
}

void t.test('IPv4 spellings mean what they mean to the URL standard', async (t) => {
  const number = fc.oneof(
    fc.nat(300),
    fc.nat(70_000),
    fc.nat({ max: 0xffff_ffff }),
    fc.constantFrom(0, 255, 256, 65_535, 65_536, 16_777_215, 16_777_216, 4_294_967_296),
  );
  const part = fc
    .tuple(number, fc.constantFrom(10, 8, 16))
    .map(([value, base]) => ({ 10: '', 8: '0', 16: '0x' })[base] + value.toString(base));
  const host = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
  fc.assert(
    fc.property(host, (text) => {
      const url = URL.parse(`http://${text}/`);
      assert.equal(canonicalAddress(text), url?.hostname, text);
    }),
    { seed: 15, numRuns: 2000 },
  );
  t.pass('2,000 runs');
});

void t.test('IPv6 spellings mean what they mean to the URL standard', async (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const url = new URL(`http://[${text}]/`).hostname.slice(1, -1);
      const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(url);
      if (mapped === null) assert.equal(canonicalAddress(text), url, text);
      else assert.match(canonicalAddress(`[${text}]`) ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    }),
    { seed: 15, numRuns: 2000 },
  );
  t.pass('2,000 runs');
});

void t.test('any text is an address or none, and a canonical one stays as it is', async (t) => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefx.:[]%/- \r\n'.split('')) }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const canonical = canonicalAddress(text);
      if (canonical === undefined) return;
      assert.equal(canonicalAddress(canonical), canonical);
      addressOf(canonical);
    }),
    { seed: 15, numRuns: 5000 },
  );
  t.pass('5,000 runs');
});

void t.test('an address is read as the netmap writes it, and in no other spelling', async (t) => {
  t.same(parseAddress('10.0.0.1'), { family: 4, value: 0x0a00_0001n });
  t.same(parseAddress('::1'), { family: 6, value: 1n });
  t.same(parseAddress('::ffff:10.0.0.1'), { family: 4, value: 0x0a00_0001n });
  for (const text of [
    '',
    '10.1',
    '010.0.0.1',
    '10.0.0.1.',
    '[::1]',
    'fe80::1%eth0',
    'db',
    '1.2.3.4.5',
    '1.2.3.',
  ]) {
    t.equal(parseAddress(text), undefined, text);
    t.throws(() => addressOf(text), TypeError);
  }
});

void t.test('every address comes back as an independent library prints it', async (t) => {
  const bytes = fc.oneof(
    fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
    fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 }),
  );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(bytes, (each) => {
        const printed = ipaddr.process(ipaddr.fromByteArray(each).toString()).toString();
        const text = addressText(each);
        return (
          formatAddress(addressOf(text)) === printed &&
          (text !== printed || String(addressBytes(text)) === String(each))
        );
      }),
      { seed: 15, numRuns: 2000 },
    ),
  );
});
