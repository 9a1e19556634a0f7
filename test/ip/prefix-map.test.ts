import * as fc from 'fast-check';
import t from 'tap';
import { addressOf, canonicalAddress } from '../../src/ip/addresses.ts';
import { contains, parsePrefix, prefixOf } from '../../src/ip/prefixes.ts';
import { PrefixMap } from '../../src/ip/prefix-map.ts';

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().map((text) => canonicalAddress(text) ?? '');
const prefix = fc
  .oneof(fc.tuple(ipv4, fc.nat(32)), fc.tuple(ipv6, fc.nat(128)))
  .map(([ip, length]) => parsePrefix(`${ip}/${length}`))
  .filter((parsed) => parsed !== undefined);

void t.test('the map finds the same prefixes as looking at each', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.array(prefix, { maxLength: 50 }),
        fc.array(fc.oneof(ipv4, ipv6)),
        (prefixes, addresses) => {
          const map = new PrefixMap<string>();
          for (const each of prefixes) map.set(each, each.text);
          for (const ip of [
            ...addresses,
            ...prefixes.map(({ text }) => text.split('/')[0] ?? ''),
          ]) {
            const address = addressOf(ip);
            const expected = prefixes
              .filter((each) => contains(each, address))
              .toSorted((one, other) => other.length - one.length)
              .map(({ text }) => text);
            const found = map.around(address);
            if (String(found) !== String([...new Set(expected)])) return false;
            if (map.longest(address) !== found[0]) return false;
          }
          return true;
        },
      ),
      { seed: 15, numRuns: 200 },
    ),
  );
});

void t.test('a prefix has one value, the last', async (t) => {
  const map = new PrefixMap<number>();
  map.set(prefixOf('10.0.0.0/8'), 1);
  map.set(prefixOf('10.9.9.9/8'), 2);
  map.set(prefixOf('::/0'), 3);
  t.equal(map.size, 2);
  t.equal(map.get(prefixOf('10.0.0.0/8')), 2);
  t.equal(map.get(prefixOf('10.0.0.0/9')), undefined);
  t.equal(map.longest(addressOf('10.1.2.3')), 2);
  t.equal(map.longest(addressOf('11.1.2.3')), undefined, 'the other family has the default route');
});
