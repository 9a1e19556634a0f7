import * as fc from 'fast-check';
import t, { type Test } from 'tap';
import { SpacetailError } from '../../../src/errors.ts';
import { readStatus } from '../../../src/dns/local-api/status.ts';
import type { Status } from '../../../src/dns/local-api/status-types.ts';
import { atOnce, peerDocument, statusDocument } from '../../support/netmap.ts';
import { indexOf } from '../../../src/dns/index/build-index.ts';

const now = Date.parse('2026-11-24T12:00:00Z');
const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: Uint8Array): Status => atOnce(readStatus(text));
const read = (document: object): Status => parse(bytes(JSON.stringify(document)));

function unreadable(t: Test, document: string, why: RegExp): void {
  t.throws(() => parse(bytes(document)), { code: 'status_unreadable', message: why });
}

void t.test('a status of 1.102 is read whole', async (t) => {
  const peer = peerDocument(7, { Online: false, LastSeen: '2026-11-24T09:00:00Z', ExitNode: true });
  const status = read(statusDocument([peer]));
  t.equal(status.backendState, 'Running');
  t.equal(status.suffix, 'tail1234.ts.net');
  t.equal(status.self.name, 'ci.tail1234.ts.net');
  t.match(status.peers[0], {
    id: 'n7CNTRL',
    nodeId: 1007,
    name: 'host-7.tail1234.ts.net',
    addresses: ['100.64.0.7', 'fd7a:115c:a1e0:7::0:7'],
    tags: ['tag:t7'],
    online: false,
    expired: false,
    exitNode: true,
    lastSeenMs: Date.parse('2026-11-24T09:00:00Z'),
  });
  t.equal(status.skipped, 0);
});

void t.test(
  'before the netmap there are no peers, names or addresses, and that is no error',
  async (t) => {
    const status = read({
      Version: '1.76.0',
      BackendState: 'NeedsLogin',
      TailscaleIPs: null,
      Self: { DNSName: '' },
      Peer: null,
      Health: null,
      ExtraRecords: null,
      CurrentTailnet: null,
      CertDomains: null,
    });
    t.equal(status.suffix, '');
    t.same(status.peers, []);
    t.same(status.self.addresses, []);
  },
);

void t.test('a key has expired when tailscaled says so, whatever our clock says', async (t) => {
  const isExpired = (more: object) =>
    read(statusDocument([peerDocument(1, { ...more })])).peers[0]?.expired;
  t.equal(isExpired({ Expired: true }), true);
  t.equal(isExpired({ KeyExpiry: '2020-01-01T00:00:00Z' }), false);
  t.equal(isExpired({ KeyExpiry: '0001-01-01T00:00:00Z' }), false);
  t.equal(isExpired({ KeyExpiry: null }), false);
});

void t.test('what is no status says so, without quoting it', async (t) => {
  unreadable(t, '', /not JSON/);
  unreadable(t, 'AuthURL: https://login.example/secret', /not JSON \(\d+ bytes\)$/);
  unreadable(t, '[]', /not a JSON object/);
  unreadable(t, 'null', /not a JSON object/);
  unreadable(t, '{}', /no BackendState/);
  unreadable(t, '{"BackendState":1}', /no BackendState/);
  unreadable(t, '['.repeat(1_000_000), /not JSON/);
});

void t.test('a state of the future is taken for one that is not running yet', async (t) => {
  const status = read({ BackendState: 'Hibernating' });
  t.equal(status.backendState, 'NoState');
  t.match(status.warnings, [/unknown state: "Hibernating"/]);
});

void t.test(
  'peers that make no sense are left out, counted and named, a few of them',
  async (t) => {
    const bad = [
      null,
      1,
      'x',
      [],
      {},
      { DNSName: 'a b.', TailscaleIPs: null },
      { DNSName: 'x'.repeat(65_536) },
    ];
    const status = read(statusDocument([...bad, peerDocument(1)] as never));
    t.equal(status.peers.length, 1);
    t.equal(status.skipped, bad.length);
    t.equal(status.warnings.length, 5);
    t.match(status.warnings[0], /"nodekey:0" has neither name nor address/);
  },
);

void t.test(
  "a peer with addresses and no usable name is kept: its addresses are the tailnet's",
  async (t) => {
    const status = read(statusDocument([peerDocument(1, { DNSName: '..' })]));
    t.equal(status.peers[0]?.name, '');
    t.equal(status.skipped, 0);
  },
);

void t.test("services are read from this node's capabilities by their inner name", async (t) => {
  const capabilities = {
    'services/opaque': [{ Name: 'svc:Grafana', Addrs: ['100.100.1.1', 7] }],
    'services/junk': ['x'],
    'services/none': null,
    'services/unnamed': [{ Name: 'grafana', Addrs: [] }],
    funnel: null,
  };
  const document = statusDocument([]);
  const status = read({
    ...document,
    Self: { ...(document['Self'] as object), CapMap: capabilities },
  });
  t.same(status.services, [{ label: 'grafana', addresses: ['100.100.1.1'] }]);
});

const junk = fc.oneof(
  { depthSize: 'small' },
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    '0.0.0.0/0',
    '::/0',
    '127.0.0.1',
    '127.0.0.0/8',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '::ffff:8.8.8.0/120',
    '100.64.0.9/32',
    'host-1.tail1234.ts.net.',
    'ci.tail1234.ts.net.',
    'x'.repeat(2_000),
    ['0.0.0.0/0', '::/0', '127.0.0.1/32', '0.0.0.0/1', '2000::/3'],
    ['8.8.8.8', '127.0.0.1', '::1', '100.64.0.0', 'fe80::1'],
    -1,
    Number.MAX_VALUE,
  ),
);
const peerField = fc.constantFrom(
  'ID',
  'NodeID',
  'DNSName',
  'TailscaleIPs',
  'AllowedIPs',
  'PrimaryRoutes',
  'Tags',
  'Online',
  'LastSeen',
  'KeyExpiry',
  'CapMap',
  'ExitNode',
);
const statusField = fc.constantFrom(
  'Version',
  'BackendState',
  'AuthURL',
  'TailscaleIPs',
  'Self',
  'Health',
  'MagicDNSSuffix',
  'CurrentTailnet',
  'CertDomains',
  'ExtraRecords',
  'Peer',
  'User',
);
const record = fc.record({
  Name: fc.oneof(fc.domain(), junk),
  Type: fc.constantFrom('', 'A', 'AAAA', 'CNAME', 'TXT', 7),
  Value: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), junk),
});
const hostile = fc.record({
  peers: fc.array(fc.dictionary(peerField, junk, { maxKeys: 6 }), { maxLength: 4 }),
  more: fc.dictionary(statusField, junk, { maxKeys: 2 }),
  records: fc.array(record, { maxLength: 3 }),
});

void t.test(
  "no document crashes it, and none makes public addresses, loopback or this node a peer's",
  async (t) => {
    const outside = [
      '127.0.0.1',
      '::1',
      '0.0.0.0',
      '169.254.169.254',
      '224.0.0.1',
      '203.0.113.9',
      '2606:4700::1111',
      '100.100.100.100',
    ];
    let readable = 0;
    fc.assert(
      fc.property(hostile, ({ peers, more, records }) => {
        const document = {
          ...statusDocument(peers.map((peer, at) => peerDocument(at + 1, peer))),
          ExtraRecords: records,
          ...more,
        };
        let index;
        try {
          index = atOnce(indexOf(bytes(JSON.stringify(document)), now));
        } catch (error) {
          return error instanceof SpacetailError && error.code === 'status_unreadable';
        }
        readable++;
        for (const name of [
          'ci',
          'host-1',
          'host-1.tail1234.ts.net',
          'a.host-2',
          records[0]?.Name,
        ]) {
          if (typeof name === 'string') index.lookup(name);
        }
        for (const peer of index.peers())
          if (peer.name === '' && peer.addresses.length > 0) return false;
        return outside.every((ip) => {
          const owner = index.ownerOf(ip, true);
          return owner === undefined || owner.kind === 'unassigned';
        });
      }),
      { seed: 13, numRuns: 20_000 },
    );
    t.ok(readable > 10_000, `${readable} of 20,000 documents were read`);
  },
);

void t.test('random bytes are refused with the one error', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map(bytes)), (document) => {
      try {
        parse(document);
        return true;
      } catch (error) {
        return error instanceof SpacetailError && error.code === 'status_unreadable';
      }
    }),
    { seed: 13, numRuns: 10_000 },
  );
  t.pass('10,000 texts');
});
