import t from 'tap';
import { readDnsConfig, readNetmapDns } from '../../../src/dns/local-api/dns-config.ts';

void t.test('split suffixes, local suffixes and search domains are told apart', async (t) => {
  const config = readDnsConfig({
    Routes: {
      'Corp.test.': [{ Addr: '100.64.0.2' }],
      '.lab.test': [{ Addr: '10.0.0.53:53' }],
      'apps.test': [],
      'null.test': null,
      '64.100.in-addr.arpa.': [],
    },
    Domains: ['tail.test', 'corp.test', 'corp.test', 7, 'a b'],
    Resolvers: null,
  });
  t.same([...config.splitSuffixes], ['corp.test', 'lab.test']);
  t.same([...config.localSuffixes], ['apps.test', 'null.test']);
  t.same(config.searchDomains, ['tail.test', 'corp.test']);
  t.same(config.resolvers, ['100.64.0.2', '10.0.0.53:53']);
  t.equal(config.overrides, false);
});

void t.test(
  "resolvers for everything override the system's; a route for the root is the same",
  async (t) => {
    t.equal(readDnsConfig({ Resolvers: [{ Addr: '1.1.1.1' }] }).overrides, true);
    const rooted = readDnsConfig({ Routes: { '.': [{ Addr: '1.1.1.1' }] } });
    t.equal(rooted.overrides, true);
    t.same([...rooted.splitSuffixes], [], "the root is nobody's suffix");
  },
);

void t.test('junk is no configuration', async (t) => {
  for (const junk of [
    {},
    { Routes: [] },
    { Routes: 7, Domains: {}, Resolvers: 'x' },
    { Routes: { 'a b': [1], '': [] } },
  ]) {
    const config = readDnsConfig(junk);
    t.equal(config.splitSuffixes.size, 0);
    t.equal(config.overrides, false);
  }
  t.equal(readNetmapDns({}), undefined);
  t.equal(readNetmapDns({ NetMap: { DNS: null } }), undefined);
  t.same(readNetmapDns({ NetMap: { DNS: { Domains: ['a.b'] } } })?.searchDomains, ['a.b']);
});
