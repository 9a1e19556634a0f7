import t from 'tap';
import { indexOf as indexOfBytes } from '../../../src/dns/index/build-index.ts';
import type { TailnetIndex } from '../../../src/dns/index/tailnet-index.ts';
import { atOnce, peerDocument, statusDocument, type PeerDocument } from '../../support/netmap.ts';

const now = Date.parse('2026-11-24T12:00:00Z');

function indexOf(peers: PeerDocument[], more: PeerDocument = {}): TailnetIndex {
  const document = JSON.stringify(statusDocument(peers, more));
  return atOnce(indexOfBytes(Buffer.from(document), now));
}

function addressesOf(index: TailnetIndex, name: string): readonly string[] | undefined {
  const answer = index.lookup(name);
  return answer?.kind === 'addresses' ? answer.addresses : undefined;
}

void t.test('a node is found by short name and FQDN, IPv4 first', async (t) => {
  const index = indexOf([peerDocument(1, { TailscaleIPs: ['fd7a:115c:a1e0::1', '100.64.0.1'] })]);
  for (const name of ['host-1', 'host-1.tail1234.ts.net']) {
    t.same(
      index.lookup(name),
      { kind: 'addresses', source: 'status', addresses: ['100.64.0.1', 'fd7a:115c:a1e0::1'] },
      name,
    );
  }
  t.equal(index.lookup('host-1.other.ts.net'), undefined);
  t.equal(index.lookup('host-2'), undefined);
});

void t.test('this node is found too, also when it is offline or alone', async (t) => {
  t.same(addressesOf(indexOf([]), 'ci'), ['100.64.0.0', 'fd7a:115c:a1e0:7::']);
  t.equal(indexOf([]).self().name, 'ci.tail1234.ts.net');
});

void t.test('a node shared in has no short name', async (t) => {
  const index = indexOf([peerDocument(1, { DNSName: 'db.other9.ts.net.' })]);
  t.equal(index.lookup('db'), undefined);
  t.ok(index.lookup('db.other9.ts.net'));
  t.match(index.nodeNamed('db.other9.ts.net'), {
    name: 'db.other9.ts.net',
    shortName: 'db.other9.ts.net',
    names: ['db.other9.ts.net'],
  });
});

void t.test(
  'a node with IPv6 alone has that, and an IPv6-only node sees its peers so',
  async (t) => {
    t.same(
      addressesOf(indexOf([peerDocument(1, { TailscaleIPs: ['fd7a:115c:a1e0::1'] })]), 'host-1'),
      ['fd7a:115c:a1e0::1'],
    );
    const document = statusDocument([peerDocument(1)]);
    const own = ['fd7a:115c:a1e0:7::99'];
    const index = indexOf([peerDocument(1)], {
      TailscaleIPs: own,
      Self: { ...(document['Self'] as object), TailscaleIPs: own },
    });
    t.same(addressesOf(index, 'host-1'), ['fd7a:115c:a1e0:7::1']);
  },
);

void t.test('of two nodes with one name the last by NodeID has it, as in tailscaled', async (t) => {
  const first = peerDocument(1, { DNSName: 'twin.tail1234.ts.net.', NodeID: 9 });
  const second = peerDocument(2, { DNSName: 'TWIN.tail1234.ts.net.', NodeID: 8 });
  for (const peers of [
    [first, second],
    [second, first],
  ]) {
    t.equal(addressesOf(indexOf(peers), 'twin')?.[0], '100.64.0.1');
    t.equal(addressesOf(indexOf(peers), 'twin.tail1234.ts.net')?.[0], '100.64.0.1');
  }
  const index = indexOf([first, second]);
  t.match(
    index.ownerOf('100.64.0.2', true),
    {
      kind: 'peer',
      peer: { name: 'twin.tail1234.ts.net', addresses: ['100.64.0.2', 'fd7a:115c:a1e0:7::2'] },
    },
    'the other keeps its addresses',
  );
});

void t.test('extra records of every type, and what they mean for policy', async (t) => {
  const records = [
    { Name: 'a.apps.test.', Type: 'A', Value: '100.64.0.1' },
    { Name: 'aaaa.apps.test', Type: 'AAAA', Value: 'fd7a:115c:a1e0:7::1' },
    { Name: 'PLAIN.apps.test', Value: '100.64.0.1' },
    { Name: 'two.apps.test', Value: 'fd00::9' },
    { Name: 'two.apps.test', Value: '10.9.9.9' },
    { Name: 'two.apps.test', Value: '10.9.9.9' },
    { Name: 'alias.apps.test', Type: 'CNAME', Value: 'host-1.tail1234.ts.net.' },
    { Name: 'text.apps.test', Type: 'TXT', Value: 'hello' },
    { Name: 'host-1.tail1234.ts.net', Value: '10.6.6.6' },
  ];
  const index = indexOf([peerDocument(1)], { ExtraRecords: records });
  t.same(index.lookup('a.apps.test'), {
    kind: 'addresses',
    source: 'extra-records',
    addresses: ['100.64.0.1'],
  });
  t.same(addressesOf(index, 'aaaa.apps.test'), ['fd7a:115c:a1e0:7::1']);
  t.same(addressesOf(index, 'plain.apps.test'), ['100.64.0.1']);
  t.same(addressesOf(index, 'two.apps.test'), ['10.9.9.9', 'fd00::9']);
  t.same(index.lookup('alias.apps.test'), {
    kind: 'alias',
    source: 'extra-records',
    target: 'host-1.tail1234.ts.net',
  });
  t.equal(index.lookup('text.apps.test'), undefined);
  t.equal(addressesOf(index, 'host-1')?.[0], '100.64.0.1', 'a node has its name before any record');
  const names = [
    'host-1',
    'host-1.tail1234.ts.net',
    'a.apps.test',
    'aaaa.apps.test',
    'plain.apps.test',
    'alias.apps.test',
  ];
  t.same(index.nodeNamed('a.apps.test')?.names, names);
  t.equal(index.nodeNamed('alias.apps.test')?.name, 'host-1.tail1234.ts.net');
  t.equal(index.nodeNamed('two.apps.test'), undefined);
});

void t.test("a Service is found by its label, and its address is its host's", async (t) => {
  const document = statusDocument([]);
  const capabilities = {
    'services/1': [{ Name: 'svc:grafana', Addrs: ['fd7a:115c:a1e0::900', '100.70.0.1'] }],
  };
  const host = peerDocument(1, { AllowedIPs: ['100.64.0.1/32', '100.70.0.1/32'] });
  const index = indexOf([host], {
    Self: { ...(document['Self'] as object), CapMap: capabilities },
  });
  for (const name of ['grafana', 'grafana.tail1234.ts.net']) {
    t.same(index.lookup(name), {
      kind: 'addresses',
      source: 'services',
      addresses: ['100.70.0.1', 'fd7a:115c:a1e0::900'],
    });
  }
  t.match(index.ownerOf('100.70.0.1', false), {
    kind: 'peer',
    peer: { shortName: 'host-1', addresses: ['100.64.0.1', 'fd7a:115c:a1e0:7::1'] },
  });
  t.equal(index.nodeNamed('grafana')?.shortName, 'host-1');
});

void t.test('subdomains mean their node only where it has the capability', async (t) => {
  const index = indexOf([
    peerDocument(1, { CapMap: { 'dns-subdomain-resolve': null } }),
    peerDocument(2),
  ]);
  t.match(index.lookup('a.b.host-1.tail1234.ts.net'), {
    source: 'subdomain',
    addresses: ['100.64.0.1', /./],
  });
  t.match(index.lookup('a.host-1'), { source: 'subdomain' });
  t.equal(index.lookup('a.host-2.tail1234.ts.net'), undefined);
});

void t.test(
  "a subnet is its primary router's; the longest prefix wins; the pref decides whether it is accepted",
  async (t) => {
    const router = (at: number, routes: string[], more: PeerDocument = {}) =>
      peerDocument(at, { AllowedIPs: [`100.64.0.${at}/32`, ...routes], ...more });
    const index = indexOf([
      router(1, ['10.0.0.0/8', '10.1.0.0/16']),
      router(2, ['10.1.0.0/16'], { PrimaryRoutes: ['10.1.0.0/16'] }),
      router(10, ['10.2.0.0/16'], { Online: false }),
      router(3, ['10.2.0.0/16', 'fd7a:115c:a1e0:b1a:0:7:a00:0/104']),
    ]);
    t.match(index.ownerOf('10.9.9.9', true), {
      kind: 'subnet',
      prefix: '10.0.0.0/8',
      accepted: true,
      peer: { shortName: 'host-1' },
    });
    t.match(index.ownerOf('10.1.1.1', false), {
      kind: 'subnet',
      prefix: '10.1.0.0/16',
      accepted: false,
      peer: { shortName: 'host-2' },
    });
    t.match(
      index.ownerOf('10.2.2.2', true),
      { peer: { shortName: 'host-3' } },
      'online before offline',
    );
    t.match(index.ownerOf('fd7a:115c:a1e0:b1a:0:7:a01:203', true), {
      kind: 'subnet',
      prefix: 'fd7a:115c:a1e0:b1a:0:7:a00:0/104',
    });
    t.equal(index.ownerOf('11.1.1.1', true), undefined);
  },
);

void t.test('who an address belongs to', async (t) => {
  const index = indexOf([peerDocument(1)]);
  t.same(index.ownerOf('100.64.0.0', true), { kind: 'self' });
  t.match(index.ownerOf('fd7a:115c:a1e0:7::1', true), {
    kind: 'peer',
    peer: { shortName: 'host-1' },
  });
  t.match(index.ownerOf('::ffff:100.64.0.1', true), { kind: 'peer' }, 'IPv4-mapped');
  t.same(index.ownerOf('100.127.255.255', true), { kind: 'unassigned' });
  t.same(index.ownerOf('fd7a:115c:a1e0:ffff::1', true), { kind: 'unassigned' });
  t.same(index.ownerOf('100.100.100.100', true), { kind: 'unassigned' });
  for (const ip of ['100.63.255.255', '100.128.0.0', 'fd7a:115c:a1e1::1', '8.8.8.8', 'junk', ''])
    t.equal(index.ownerOf(ip, true), undefined, ip);
});

void t.test(
  'hostile claims route nothing: default routes, halves of the internet, loopback, metadata, mapped prefixes',
  async (t) => {
    const claims = [
      '0.0.0.0/0',
      '::/0',
      '0.0.0.0/1',
      '128.0.0.0/1',
      '2000::/3',
      '127.0.0.0/8',
      '127.0.0.1/32',
      '169.254.169.254/32',
      '::1/128',
      '::ffff:8.8.8.0/120',
      '224.0.0.0/4',
      'fe80::/10',
      '100.100.100.100/32',
      'junk',
      '8.8.8.8',
      '8.8.8.8/99',
    ];
    const index = indexOf([
      peerDocument(1, {
        AllowedIPs: claims,
        PrimaryRoutes: claims,
        TailscaleIPs: ['127.0.0.1', '8.8.8.8', '::1', '100.100.100.100', '100.64.0.1'],
      }),
    ]);
    for (const ip of [
      '127.0.0.1',
      '8.8.8.8',
      '203.0.113.1',
      '169.254.169.254',
      '::1',
      '2606:4700::1',
      '224.0.0.1',
      'fe80::1',
      '0.0.0.0',
    ]) {
      t.equal(index.ownerOf(ip, true), undefined, ip);
    }
    t.same(index.ownerOf('100.100.100.100', true), { kind: 'unassigned' });
    t.same(index.nodeNamed('host-1')?.addresses, ['100.64.0.1']);
    t.match(index.summary.warnings, [/peers claim \d+ addresses or routes that no peer can have/]);
  },
);

void t.test('a route around special addresses leaves them out', async (t) => {
  const index = indexOf([peerDocument(1, { AllowedIPs: ['fd00::/8', '168.63.0.0/16'] })]);
  t.match(index.ownerOf('fd00::1', true), { kind: 'subnet' });
  t.equal(index.ownerOf('fd00:ec2::254', true), undefined);
  t.equal(index.ownerOf('168.63.129.16', true), undefined);
  t.match(index.ownerOf('168.63.129.17', true), { kind: 'subnet' });
});

void t.test("nobody takes this node's address or another's", async (t) => {
  const thief = peerDocument(2, {
    TailscaleIPs: ['100.64.0.0', '100.64.0.1'],
    AllowedIPs: ['100.64.0.0/32', '100.64.0.1/32'],
  });
  const index = indexOf([peerDocument(1), thief]);
  t.same(index.ownerOf('100.64.0.0', true), { kind: 'self' });
  t.match(index.ownerOf('100.64.0.1', true), { peer: { shortName: 'host-1' } });
});

void t.test('Online: false counts only where some peer is online', async (t) => {
  const offline = peerDocument(1, {
    Online: false,
    LastSeen: '2026-11-24T09:00:00Z',
    Expired: true,
  });
  t.match(indexOf([offline]).nodeNamed('host-1'), { online: undefined, keyExpired: true });
  t.match(indexOf([offline, peerDocument(2)]).nodeNamed('host-1'), {
    online: false,
    lastSeenMs: now - 3 * 3_600_000,
  });
});

void t.test('a node without a name is known by its address', async (t) => {
  const index = indexOf([peerDocument(1, { DNSName: '' })]);
  t.match(index.ownerOf('100.64.0.1', true), {
    peer: { name: '100.64.0.1', shortName: '100.64.0.1', names: ['100.64.0.1'] },
  });
});

void t.test('the exit node in use is known', async (t) => {
  t.equal(indexOf([peerDocument(1)]).exitNode(), undefined);
  t.equal(
    indexOf([peerDocument(1), peerDocument(2, { ExitNode: true })]).exitNode()?.shortName,
    'host-2',
  );
});

void t.test('names that look like a mistyped one are found, nearest first', async (t) => {
  const named = (at: number, name: string) =>
    peerDocument(at, { DNSName: `${name}.tail1234.ts.net.` });
  const index = indexOf([named(1, 'grafana'), named(2, 'grafana-2'), named(3, 'web')]);
  t.equal(index.nearest('grafan')[0], 'grafana');
  t.equal(index.nearest('grafnaa.tail1234.ts.net')[0], 'grafana');
  t.equal(index.nearest('web.tail1234.ts.ent')[0], 'web.tail1234.ts.net');
  t.same(index.nearest('entirely-different'), []);
  t.same(index.nearest('wbe', 1), ['web']);
});

void t.test(
  "a name of this node's certificates means this node, under the tailnet's suffix alone",
  async (t) => {
    const index = indexOf([peerDocument(1)], {
      CertDomains: [
        'ci.tail1234.ts.net',
        'app.tail1234.ts.net',
        'host-1.tail1234.ts.net',
        'example.com',
      ],
    });
    t.equal(addressesOf(index, 'app.tail1234.ts.net')?.[0], '100.64.0.0');
    t.equal(
      addressesOf(index, 'host-1.tail1234.ts.net')?.[0],
      '100.64.0.1',
      'a node has its name first',
    );
    t.equal(index.lookup('example.com'), undefined);
  },
);

void t.test('whether some node has a name below a suffix', async (t) => {
  const index = indexOf([peerDocument(1), peerDocument(2)]);
  t.equal(index.hasNameUnder('tail1234.ts.net'), true);
  t.equal(index.hasNameUnder('ts.net'), true);
  t.equal(index.hasNameUnder('1234.ts.net'), false, 'a label is whole');
  t.equal(index.hasNameUnder('host-1.tail1234.ts.net'), false, 'the name itself is not below');
  t.equal(index.hasNameUnder('corp.example'), false);
});
