import * as fc from 'fast-check';
import t from 'tap';
import { normaliseName } from '../../../src/dns/local-api/names.ts';
import { readVia6Address, readVia6Name, via6Name } from '../../../src/dns/resolve/via6.ts';

void t.test(
  'a 4via6 name means an address behind a site, alone and under a tailnet suffix',
  async (t) => {
    const expected = { ipv4: '10.1.2.3', siteId: 7, address: 'fd7a:115c:a1e0:b1a:0:7:a01:203' };
    for (const name of [
      '10-1-2-3-via-7',
      '10-1-2-3-via-7.tail1.ts.net',
      '10-1-2-3-via-7.x.tailscale.net',
      '10-1-2-3-via-0x7',
      '10-1-2-3-via-07',
      '10-1-2-3-via-0b1_11',
    ]) {
      t.same(readVia6Name(name), expected, name);
    }
    t.same(readVia6Name('10-1-2-3-via-7.tail.test', 'tail.test'), expected);
    t.equal(
      readVia6Name('1-1-1-1-via-4294967295')?.address,
      'fd7a:115c:a1e0:b1a:ffff:ffff:101:101',
    );
    t.equal(readVia6Name('1-1-1-1-via-1_000')?.siteId, 1000);
  },
);

void t.test('other names are left alone', async (t) => {
  for (const name of [
    '10-1-2-3-via-7.example.com',
    '10-1-2-3-via-4294967296',
    '10-1-2-3-via-',
    '10-1-2-3-via-7-8',
    '10-1-2-via-7',
    '256-1-1-1-via-7',
    '01-1-1-1-via-7',
    'x-via-7',
    '10-1-2-3-via-_7',
    '10-1-2-3-via-7_',
    '10-1-2-3-via-08',
    '10-1-2-3-via-0x',
    '10-1-2-3-via-ff',
  ]) {
    t.equal(readVia6Name(name), undefined, name);
  }
  t.equal(readVia6Address('fd7a:115c:a1e0::1'), undefined);
  t.equal(readVia6Address('10.1.2.3'), undefined);
});

void t.test('names and addresses go both ways for every site', async (t) => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 0xffffffff }), (ipv4, siteId) => {
      const read = readVia6Name(via6Name(ipv4, siteId));
      if (read === undefined || read.ipv4 !== ipv4 || read.siteId !== siteId) return false;
      const back = readVia6Address(read.address);
      return back?.ipv4 === ipv4 && back.siteId === siteId;
    }),
    { seed: 13, numRuns: 10_000 },
  );
  t.pass('10,000 sites');
});

void t.test(
  'whatever stands before and after -via-, the answer is a 4via6 address or none',
  async (t) => {
    const part = fc.string({
      unit: fc.constantFrom('-', '0', '1', '9', 'x', '_', 'a', '.', 'via', '-via-'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(part, part, (before, after) => {
        const name = normaliseName(`${before}-via-${after}`);
        const read = name === undefined ? undefined : readVia6Name(name);
        return read === undefined || readVia6Address(read.address)?.address === read.address;
      }),
      { seed: 13, numRuns: 15_000 },
    );
    t.pass('15,000 names');
  },
);
