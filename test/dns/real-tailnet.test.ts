import '../tailnet/inside.ts';
import t from 'tap';
import { TailnetView } from '../../src/dns/tailnet-view.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';

const tailnet = await useTailnet(t);
const { facts } = tailnet;
const node = await tailnet.joinNode('dns-ci', { up: ['--accept-routes', '--accept-dns=true'] });

function viewOf(socketPath: string): TailnetView {
  const view = new TailnetView({
    socketPath,
    cli: { path: facts.tools.tailscale, env: {} },
    acceptDns: true,
    direct: () => false,
    log: { warn: () => {} },
  });
  t.teardown(() => view.close());
  view.start();
  return view;
}

const soon = (ms = 15_000) => AbortSignal.timeout(ms);
const view = viewOf(node.socket);
const web = facts.nodes['web']!.addresses[0]!;

async function short(host: string): Promise<string> {
  const answer = await view.resolver.resolve(host, soon());
  return answer.kind === 'resolved' ? `${answer.source} ${answer.addresses[0]}` : answer.kind;
}

async function set(...flags: string[]): Promise<void> {
  const done = await node.tailscale(['set', ...flags]);
  if (done.code !== 0) throw new Error(done.stderr);
}

t.setTimeout(110_000);

void t.test(
  'the first question after the join is answered, split DNS over the tailnet included',
  async (t) => {
    await view.until(() => view.state().kind === 'running', soon());
    t.equal(await short('wiki.corp.test'), `split-dns ${web}`);
    t.equal(view.suffix(), 'tail.test');
    t.equal(view.self()?.shortName, 'dns-ci');
  },
);

void t.test('every kind of name resolves, each by who knows it', async (t) => {
  const expected: Record<string, string> = {
    web: `status ${web}`,
    'WEB.tail.test.': `status ${web}`,
    'dns-ci': `status ${view.self()?.addresses[0]}`,
    offline: `status ${view.peerNamed('offline')?.addresses[0]}`,
    'a.apps.test': `extra-records ${web}`,
    'aaaa.apps.test': `extra-records ${facts.nodes['web']!.addresses[1]}`,
    'plain.apps.test': `extra-records ${web}`,
    'wiki6.corp.test': `split-dns ${facts.nodes['web']!.addresses[1]}`,
    'alias.corp.test': `split-dns ${web}`,
    'wiki.lab.test': `split-dns ${web}`,
    wiki: `search ${web}`,
    '198-51-100-80-via-7': '4via6 fd7a:115c:a1e0:b1a:0:7:c633:6450',
    'public.test': `dns ${facts.internetOrigin.address}`,
    'nope.tail.test': 'not_found',
    'nope.corp.test': 'not_found',
    'nope.public.test': 'not_found',
  };
  for (const [host, answer] of Object.entries(expected)) t.equal(await short(host), answer, host);
});

void t.test("a subnet is its router's, in its 4via6 form too", async (t) => {
  t.match(view.ownerOf(facts.subnetOrigin.address), {
    kind: 'subnet',
    accepted: true,
    prefix: '198.51.100.0/24',
    peer: { shortName: 'router' },
  });
  t.match(view.ownerOf('fd7a:115c:a1e0:b1a:0:7:c633:6450'), {
    kind: 'subnet',
    peer: { shortName: 'router' },
  });
  t.match(view.ownerOf(view.self()!.addresses[0]!), { kind: 'self' });
  t.same(view.ownerOf('100.64.99.99'), { kind: 'unassigned' });
  t.equal(view.ownerOf(facts.internetOrigin.address), undefined);
});

void t.test('LocalAPI tells why a dial failed', async (t) => {
  t.match(await view.diagnose(web, 1, soon()), { kind: 'refused' });
  t.match(await view.diagnose(web, facts.tailnetOrigin.http, soon()), { kind: 'alive' });
  t.match(await view.diagnose(view.peerNamed('offline')!.addresses[0]!, 80, soon()), {
    kind: 'no_answer',
  });
  t.match(await view.diagnose(facts.internetOrigin.address, 80, soon()), { kind: 'unreachable' });
  t.equal(await view.ping(web, soon()), true);
});

void t.test('a node that joins later is seen within 3 s, and so is its new address', async (t) => {
  const late = await tailnet.joinNode('dns-late');
  await view.until(() => view.peerNamed('dns-late') !== undefined, soon(3_000));
  const before = view.peerNamed('dns-late')!.addresses[0];
  await late.rejoin();
  await view.until(() => {
    const now = view.peerNamed('dns-late')?.addresses[0];
    return now !== undefined && now !== before;
  }, soon(3_000));
  t.equal(await short('dns-late'), `status ${(await late.addresses())[0]}`);
});

void t.test('regression: what goes is gone at once, and a subnet for good', async (t) => {
  const subnet = '198.18.77.0/24';
  const gone = await tailnet.joinNode('dns-gone', { up: [`--advertise-routes=${subnet}`] });
  const id = async () => {
    const node = (await tailnet.listNodes()).find(({ givenName }) => givenName === 'dns-gone');
    return String(node?.id);
  };
  const approve = async (routes: string) =>
    tailnet.headscale('nodes', 'approve-routes', '--identifier', await id(), '--routes', routes);
  await approve(subnet);
  await view.until(() => view.ownerOf('198.18.77.7')?.kind === 'subnet', soon());
  const before = view.withdrawals();
  await approve('');
  await view.until(() => view.ownerOf('198.18.77.7')?.kind !== 'subnet', soon());
  t.ok(view.withdrawals() > before, 'by the bus, before a status said so');
  t.same(view.ownerOf('198.18.77.7'), { kind: 'unassigned', prefix: subnet });
  const [address = ''] = await gone.addresses();
  t.match(view.ownerOf(address), { kind: 'peer' });
  const withRoute = view.withdrawals();
  await tailnet.deleteNode('dns-gone');
  await view.until(() => view.ownerOf(address)?.kind !== 'peer', soon());
  t.ok(view.withdrawals() > withRoute);
  t.same(view.ownerOf(address), { kind: 'unassigned' });
  await view.until(() => view.peerNamed('dns-gone') === undefined, soon());
  t.same(view.ownerOf('198.18.77.7'), { kind: 'unassigned', prefix: subnet });
});

void t.test('preferences count as soon as they are set', async (t) => {
  await set('--accept-routes=false');
  await view.until(() => {
    const owner = view.ownerOf(facts.subnetOrigin.address);
    return owner?.kind === 'subnet' && !owner.accepted;
  }, soon());
  await set('--accept-routes=true', '--exit-node=router');
  await view.until(() => view.exitNode()?.shortName === 'router', soon());
  t.equal(
    await short('public.test'),
    `dns ${facts.internetOrigin.address}`,
    "by the exit node's DNS",
  );
  await set('--exit-node=');
  await view.until(() => view.exitNode() === undefined, soon());
});

void t.test(
  'tailscaled killed: public names go on, private ones stay private, and all comes back',
  async (t) => {
    await node.kill();
    await view.until(() => view.state().kind === 'down', soon());
    const startedMs = performance.now();
    t.equal(await short('public.test'), `dns ${facts.internetOrigin.address}`);
    t.equal(await short('web'), `status ${web}`, 'the last netmap');
    t.equal(await short('nope.tail.test'), 'unavailable');
    t.equal(await short('wiki.corp.test'), 'unavailable');
    t.ok(performance.now() - startedMs < 4_000, 'a resolver is waited for 5 s');
    await node.start();
    await view.until(() => view.state().kind === 'running', soon());
    t.equal(await short('wiki.corp.test'), `split-dns ${web}`);
  },
);

void t.test('the system resolver never saw a private name', async (t) => {
  const private_ = /(?:tail|corp|lab|apps)\.test$|via-7/;
  await waitFor(() => tailnet.systemQuestions('public.test').length > 0, {
    what: 'the log of questions',
  });
  // The exit node asks its own host's resolver; that is `via` a node, not this one.
  const leaked = tailnet
    .systemQuestions()
    .filter(({ name, via }) => via === null && private_.test(name));
  t.same(leaked, []);
});

void t.test(
  'before 1.98 the same configuration would come from the netmap of the bus',
  async (t) => {
    const [modern, older] = [
      await view.localApi.dnsConfig(soon()),
      await view.localApi.netmapDnsConfig(soon()),
    ];
    t.same(older, modern);
  },
);
