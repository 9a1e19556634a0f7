import t from 'tap';
import { splitRules } from '../../../src/config/rule-text.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { Netmap } from '../../../src/proxy/policy/rule-warnings.ts';
import type { Peer } from '../../../src/tailnet.ts';

const db: Peer = {
  name: 'db.tail1.ts.net',
  shortName: 'db',
  names: ['db', 'db.tail1.ts.net'],
  addresses: ['100.64.0.7'],
  tags: ['tag:db'],
  online: true,
  keyExpired: false,
  lastSeenMs: undefined,
};

const netmap: Netmap = {
  peers: [db],
  suffix: 'tail1.ts.net',
  hasExitNode: false,
  names: ['ci.tail1.ts.net'],
  ownerOf(ip) {
    if (ip === '100.64.0.7') return { kind: 'peer', peer: db };
    if (ip.startsWith('100.64.')) return { kind: 'unassigned' };
    if (ip.startsWith('10.'))
      return { kind: 'subnet', peer: db, prefix: '10.0.0.0/8', accepted: true };
    return undefined;
  },
};

const warningsOf = (allow: string, map = netmap) =>
  compilePolicy({
    mode: 'enforce',
    allow: splitRules(allow, 'SPACETAIL_ALLOW'),
    deny: [],
    allowLocal: [],
    metadata: 'allow',
  }).warnings(map);

const useless: [rule: string, why: string][] = [
  ['tag:bd', 'no node of the tailnet has this tag'],
  ['peer:bd', 'no node of the tailnet has this name'],
  ['bd.tail1.ts.net:443', 'no node of the tailnet has this name'],
  ['100.64.0.8', 'no node of the tailnet has this address'],
  ['100.65.0.0/16', 'no node of the tailnet has an address in it'],
  ['direct:100.64.0.0/10', "the tailnet's own addresses are never reached directly"],
  ['direct:tag:db', 'a node is never reached directly'],
  ['direct:peer:db', 'a node is never reached directly'],
  ['direct:100.64.0.7', 'a node is never reached directly'],
  ['tailnet:203.0.113.7', 'no node serves a route to this address'],
];

for (const [rule, why] of useless) {
  void t.test(`${rule} is warned of`, async (t) => {
    t.strictSame(warningsOf(`db ${rule}`), [
      `SPACETAIL_ALLOW[1]: ${rule} matches nothing now: ${why}.`,
    ]);
  });
}

void t.test('rules that can match something are not warned of', async (t) => {
  const rules = `db db.tail1.ts.net ci.tail1.ts.net tag:db peer:db *.tail1.ts.net ** example.com 100.64.0.7 100.64.0.0/10
    10.1.2.3 tailnet:10.1.2.3 direct:10.1.2.3 203.0.113.7 [fd7a:115c:a1e0:b1a:0:7:a00:1] 10-1-2-3-via-7.tail1.ts.net`;
  t.strictSame(warningsOf(rules), []);
});

void t.test('with an exit node the tailnet reaches any address', async (t) => {
  t.strictSame(warningsOf('tailnet:203.0.113.7', { ...netmap, hasExitNode: true }), []);
});

void t.test(
  'regression: a rule for one tailnet that matches nothing there was not warned of',
  async (t) => {
    const policy = compilePolicy({
      mode: 'enforce',
      allow: splitRules(
        'partner!peer:gone partner!peer:db prod!peer:gone peer:gone',
        'SPACETAIL_ALLOW',
      ),
      deny: [],
      allowLocal: [],
      metadata: undefined,
      tailnets: ['prod', 'partner'],
    });
    t.same(policy.warnings({ ...netmap, tailnet: 'partner' }), [
      'SPACETAIL_ALLOW[0]: partner!peer:gone matches nothing now: no node of the tailnet has this name.',
    ]);
    t.match(policy.warnings(netmap), [/^SPACETAIL_ALLOW\[3\]: peer:gone /]);
  },
);
