import t from 'tap';
import { indexOf as indexOfBytes } from '../../../src/dns/index/build-index.ts';
import { noDnsConfig, readDnsConfig } from '../../../src/dns/local-api/dns-config.ts';
import { Netmap } from '../../../src/dns/index/netmap.ts';
import { Suffixes } from '../../../src/dns/index/suffixes.ts';
import { atOnce, peerDocument, statusDocument, type PeerDocument } from '../../support/netmap.ts';

const prefs = { routeAll: true, corpDns: true, exitNode: '' };
const indexOfDocument = (document: object) =>
  atOnce(indexOfBytes(Buffer.from(JSON.stringify(document)), 0));
const indexOf = (more: PeerDocument = {}, peers = [peerDocument(1)]) =>
  indexOfDocument(statusDocument(peers, more));
/** What tailscaled says before it has a netmap. */
const bare = (more: PeerDocument) =>
  indexOfDocument({ BackendState: 'NoState', Self: { DNSName: '' }, ...more });

void t.test('the state follows tailscaled from its start to its end and back', async (t) => {
  const netmap = new Netmap(true);
  t.match(netmap.state(), { kind: 'starting', detail: /has not answered yet/ });
  netmap.markDown('connect ENOENT');
  t.match(netmap.state(), { kind: 'starting' }, 'not there yet is no failure');
  netmap.update(bare({ BackendState: 'NeedsLogin' }), prefs, undefined);
  t.match(netmap.state(), { kind: 'starting', detail: /not logged in/ });
  netmap.update(
    bare({ BackendState: 'NeedsLogin', AuthURL: 'https://login.example/a' }),
    prefs,
    undefined,
  );
  t.match(netmap.state(), { kind: 'down', detail: /needs a login/ });
  netmap.update(bare({ BackendState: 'Running' }), prefs, undefined);
  t.match(netmap.state(), { kind: 'starting', detail: /netmap has not come/ });
  netmap.update(indexOf(), prefs, noDnsConfig);
  t.same(netmap.state(), { kind: 'running' });
  netmap.markDown('connect ECONNREFUSED');
  t.match(netmap.state(), { kind: 'down', detail: /not running/ });
  netmap.update(bare({ BackendState: 'Starting' }), prefs, undefined);
  t.match(netmap.state(), { kind: 'starting', detail: /is starting/ });
  netmap.update(bare({ BackendState: 'NeedsLogin' }), prefs, undefined);
  t.match(netmap.state(), { kind: 'down' }, 'it was logged in before');
  for (const state of ['Stopped', 'NeedsMachineAuth', 'InUseOtherUser']) {
    netmap.update(bare({ BackendState: state }), prefs, undefined);
    t.match(netmap.state(), { kind: 'down' }, state);
  }
  t.ok(netmap.index?.lookup('host-1'), 'the last netmap is kept');
});

void t.test('a tailscaled that stops by itself says why, by its health', async (t) => {
  const netmap = new Netmap(true);
  netmap.update(indexOf(), prefs, noDnsConfig);
  const Health = ['tailnet requires logging to be enabled. Remove --no-logs-no-support.'];
  netmap.update(bare({ BackendState: 'Stopped', Health }), prefs, undefined);
  t.match(netmap.state(), { kind: 'down', detail: /stopped: tailnet requires logging/ });
  netmap.update(bare({ BackendState: 'Stopped' }), prefs, undefined);
  t.match(netmap.state(), { kind: 'down', detail: /somebody ran `tailscale down`/ });
});

void t.test('a node locked out by tailnet lock is down, and says why', async (t) => {
  const netmap = new Netmap(true);
  netmap.update(
    indexOf({
      Health: ['this node is locked out; it will not have connectivity until it is signed.'],
    }),
    prefs,
    noDnsConfig,
  );
  t.ok(netmap.lockedOut());
  t.match(netmap.state(), { kind: 'down', detail: /tailnet lock/ });
});

void t.test(
  'an exit node that the netmap does not know still counts, also while tailscaled is down',
  async (t) => {
    const netmap = new Netmap(true);
    netmap.update(indexOf(), { ...prefs, exitNode: 'n99' }, noDnsConfig);
    t.match(netmap.exitNode(), { name: 'n99', online: false });
    netmap.markDown('gone');
    netmap.update(bare({ BackendState: 'NoState' }), prefs, undefined);
    t.match(
      netmap.exitNode(),
      { name: 'n99' },
      'a tailscaled that has just started does not open the way',
    );
    netmap.update(indexOf(), prefs, noDnsConfig);
    t.equal(netmap.exitNode(), undefined);
  },
);

void t.test("the tailnet's addresses are its own before the first netmap", async (t) => {
  const netmap = new Netmap(true);
  t.same(netmap.ownerOf('100.64.0.1'), { kind: 'unassigned' });
  t.same(netmap.ownerOf('fd7a:115c:a1e0::1'), { kind: 'unassigned' });
  t.equal(netmap.ownerOf('8.8.8.8'), undefined);
});

void t.test('what people should know is said', async (t) => {
  const netmap = new Netmap(true);
  t.same(netmap.warnings(), []);
  netmap.update(
    indexOf({ CurrentTailnet: { MagicDNSEnabled: false }, Health: ['DERP is slow'] }, []),
    { ...prefs, corpDns: false },
    noDnsConfig,
  );
  const said = netmap.warnings().join('\n');
  for (const part of ['DERP is slow', 'split DNS is off', 'MagicDNS is off', 'sees no peers'])
    t.match(said, part);
});

void t.test('accept-dns decides whether split suffixes are in force', async (t) => {
  const dns = readDnsConfig({
    Routes: { 'corp.test': [{ Addr: '10.0.0.53' }] },
    Domains: ['corp.test'],
  });
  const netmap = new Netmap(true);
  netmap.update(indexOf(), prefs, dns);
  t.match(netmap.suffixes.ownerOf('wiki.corp.test'), { kind: 'split' });
  const before = netmap.configuration();
  netmap.update(indexOf(), { ...prefs, corpDns: false }, dns);
  t.equal(netmap.suffixes.ownerOf('wiki.corp.test'), undefined);
  t.not(netmap.configuration(), before, 'kept answers no longer hold');
});

void t.test("which names are the tailnet's, before, during and after a netmap", async (t) => {
  const suffixes = new Suffixes();
  t.match(
    suffixes.ownerOf('web.tail1.ts.net'),
    { kind: 'netmap', suffix: 'ts.net' },
    "any tailnet's name before we know ours",
  );
  t.equal(suffixes.ownerOf('example.com'), undefined);
  const dns = readDnsConfig({
    Routes: {
      'ts.net': [{ Addr: '199.247.155.53' }],
      'k8s.tail1.ts.net': [{ Addr: '100.64.0.5' }],
      'apps.test': [],
    },
  });
  suffixes.update('tail1.ts.net', dns);
  t.same(suffixes.ownerOf('web.tail1.ts.net'), { kind: 'netmap', suffix: 'tail1.ts.net' });
  t.same(suffixes.ownerOf('x.k8s.tail1.ts.net'), { kind: 'split', suffix: 'k8s.tail1.ts.net' });
  t.same(suffixes.ownerOf('funnel.other.ts.net'), { kind: 'split', suffix: 'ts.net' });
  t.same(suffixes.ownerOf('x.apps.test'), { kind: 'netmap', suffix: 'apps.test' });
  suffixes.update('tail2.ts.net', noDnsConfig);
  t.match(
    suffixes.ownerOf('web.tail1.ts.net'),
    { kind: 'netmap' },
    'a suffix that was ours stays ours',
  );
  t.equal(suffixes.ownerOf('funnel.other.ts.net'), undefined);
});
