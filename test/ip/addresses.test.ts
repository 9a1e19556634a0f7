import * as fc from 'fast-check';
import t from 'tap';
import { canonicalAddress, isMetadataEndpoint } from '../../src/ip/addresses.ts';
import { specialAddress } from '../../src/ip/special-ranges.ts';

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
      t.equal(canonicalAddress(text), url?.hostname, text);
    }),
    { seed: 15, numRuns: 2000 },
  );
});

void t.test('IPv6 spellings mean what they mean to the URL standard', async (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const url = new URL(`http://[${text}]/`).hostname.slice(1, -1);
      const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(url);
      if (mapped === null) t.equal(canonicalAddress(text), url, text);
      else t.match(canonicalAddress(`[${text}]`), /^\d+\.\d+\.\d+\.\d+$/);
    }),
    { seed: 15, numRuns: 2000 },
  );
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
      t.equal(canonicalAddress(canonical), canonical);
      specialAddress(canonical);
    }),
    { seed: 15, numRuns: 5000 },
  );
});

void t.test('a special address is told with its reason, whatever carries it', async (t) => {
  t.equal(specialAddress('127.3.2.1'), 'is a loopback address');
  t.match(
    specialAddress('64:ff9b::a9fe:a9fe'),
    /carries 169\.254\.169\.254 \(NAT64\), .* metadata/,
  );
  t.match(specialAddress('64:ff9b:1::7f00:1'), /NAT64/);
  t.match(specialAddress('fd7a:115c:a1e0:b1a:0:7:7f00:1'), /carries 127\.0\.0\.1 \(4via6\)/);
  t.match(specialAddress('::127.0.0.1'), /IPv4-compatible/);
  t.match(specialAddress('::ffff:0:127.0.0.1'), /IPv4-translated/);
});

void t.test('ordinary addresses are not special', async (t) => {
  for (const ip of [
    '1.1.1.1',
    '10.0.0.1',
    '100.64.0.7',
    '192.168.1.1',
    '128.0.0.1',
    '223.255.255.255',
  ]) {
    t.equal(specialAddress(ip), undefined, ip);
  }
  for (const ip of [
    '2001:db8::1',
    'fd7a:115c:a1e0::7',
    'fd00::1',
    'fec0::1',
    '64:ff9b::a00:1',
    '::2:0:0:1',
  ]) {
    t.equal(specialAddress(ip), undefined, ip);
  }
});

void t.test('a credential endpoint is one only when it is written exactly so', async (t) => {
  for (const host of ['169.254.169.254', '169.254.170.2', '169.254.170.23', '[fd00:ec2::254]']) {
    t.ok(isMetadataEndpoint(host), host);
  }
  for (const host of [
    '0xa9fea9fe',
    '169.254.43518',
    '169.254.169.254.',
    '::ffff:169.254.169.254',
    'fd00:ec2:0::254',
  ]) {
    t.notOk(isMetadataEndpoint(host), host);
  }
});
