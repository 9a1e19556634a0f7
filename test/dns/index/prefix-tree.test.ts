import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import t from 'tap';
import { newIpWords, readIp, readPrefix } from '../../../src/dns/index/ip.ts';
import { longestPrefix, PrefixTreeBuilder } from '../../../src/dns/index/prefix-tree.ts';

const words = newIpWords();

function treeOf(prefixes: readonly string[]) {
  const builder = new PrefixTreeBuilder();
  prefixes.forEach((prefix, value) =>
    builder.set(readPrefix(prefix, words), words, words[4]!, value),
  );
  const tree = builder.finish();
  return (ip: string) => longestPrefix(tree, readIp(ip, words), words);
}

void t.test('the longest prefix that holds an address wins', async (t) => {
  const find = treeOf([
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.0/24',
    '10.1.2.3/32',
    '0.0.0.0/0',
    'fd00::/8',
    'fd00:1::/32',
  ]);
  t.equal(find('10.1.2.3'), 3);
  t.equal(find('10.1.2.4'), 2);
  t.equal(find('10.1.3.4'), 1);
  t.equal(find('10.2.3.4'), 0);
  t.equal(find('11.1.1.1'), 4);
  t.equal(find('fd00:1::5'), 6);
  t.equal(find('fd01::5'), 5);
  t.equal(find('2001:db8::1'), -1, 'the families do not mix');
});

void t.test('a later value replaces an earlier one at the same prefix', async (t) => {
  t.equal(treeOf(['10.0.0.0/8', '10.0.0.0/8'])('10.1.1.1'), 1);
});

void t.test('it finds what a search through all prefixes finds', async (t) => {
  // Few different bits, so that prefixes contain one another often.
  const v4 = fc
    .tuple(
      fc.constantFrom(10, 11, 138),
      fc.constantFrom(0, 1, 128),
      fc.constantFrom(0, 1, 255),
      fc.nat(3),
    )
    .map((octets) => octets.join('.'));
  const v6 = fc
    .tuple(
      fc.constantFrom('fd00', 'fd01', '8000'),
      fc.constantFrom('0', '1', 'ffff'),
      fc.constantFrom('1', '8000'),
    )
    .map((hextets) => `${hextets.join(':')}::`);
  const prefix = fc.oneof(
    fc.tuple(v4, fc.integer({ min: 0, max: 32 })),
    fc.tuple(v6, fc.integer({ min: 0, max: 128 })),
  );
  fc.assert(
    fc.property(
      fc.array(prefix, { maxLength: 30 }),
      fc.array(fc.oneof(v4, v6), { minLength: 1, maxLength: 10 }),
      (prefixes, ips) => {
        const find = treeOf(prefixes.map(([address, bits]) => `${address}/${bits}`));
        return ips.every((ip) => {
          const parsed = ipaddr.parse(ip);
          let best = -1;
          let bestBits = -1;
          prefixes.forEach(([address, bits], value) => {
            const network = ipaddr.parse(address);
            const holds = network.kind() === parsed.kind() && parsed.match(network, bits);
            if (holds && bits >= bestBits) [best, bestBits] = [value, bits];
          });
          return find(ip) === best;
        });
      },
    ),
    { seed: 13, numRuns: 2_000 },
  );
  t.pass('2,000 trees');
});
