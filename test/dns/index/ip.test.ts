import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import t from 'tap';
import { formatIp, newIpWords, readIp, readPrefix } from '../../../src/dns/index/ip.ts';

const words = newIpWords();

function canonical(text: string): string | undefined {
  const family = readIp(text, words);
  return family === 0 ? undefined : formatIp(family, words);
}

void t.test('addresses are read and printed in their canonical form', async (t) => {
  for (const [text, expected] of [
    ['100.64.0.1', '100.64.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['FD7A:115C:A1E0::53', 'fd7a:115c:a1e0::53'],
    ['fd7a:115c:a1e0:0:0:0:0:53', 'fd7a:115c:a1e0::53'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:0:5:6:7:8', '1:2:3:0:5:6:7:8'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::ffff:a01:203', '10.1.2.3'],
  ] as const) {
    t.equal(canonical(text), expected, text);
  }
});

void t.test('what Go would not print is not an address', async (t) => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1..3.4',
    '1.2.3.4 ',
    '0x7f.1',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1%eth0',
    '[::1]',
    '1:',
    ':1',
    '1'.repeat(70_000),
  ]) {
    t.equal(canonical(text), undefined, text.slice(0, 40));
  }
});

void t.test('every address comes back as ipaddr.js prints it', async (t) => {
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((bytes) => ipaddr.fromByteArray([...bytes]).toString()),
  );
  fc.assert(
    // ipaddr.js takes `::1.2.3.4` for an IPv4-mapped address; for Go and the kernel it is IPv6.
    fc.property(
      address.filter((text) => !/^::\d+\./.test(text)),
      (text) => canonical(text) === ipaddr.process(text).toString(),
    ),
    { seed: 13, numRuns: 10_000 },
  );
  t.pass('10,000 addresses');
});

void t.test('prefixes lose their host bits; mapped and malformed ones are refused', async (t) => {
  const read = (text: string) => {
    const family = readPrefix(text, words);
    return family === 0 ? undefined : `${formatIp(family, words)}/${words[4]}`;
  };
  t.equal(read('10.1.2.3/8'), '10.0.0.0/8');
  t.equal(read('10.1.2.3/32'), '10.1.2.3/32');
  t.equal(read('255.255.255.255/0'), '0.0.0.0/0');
  t.equal(read('fd7a:115c:a1e0:b1a:0:7:a00:1/120'), 'fd7a:115c:a1e0:b1a:0:7:a00:0/120');
  t.equal(read('ffff::/1'), '8000::/1');
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '::/129',
    '::ffff:10.0.0.0/104',
    '/8',
    'x/8',
  ]) {
    t.equal(read(text), undefined, text);
  }
});
