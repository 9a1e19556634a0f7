import t from 'tap';
import { TailnetView } from '../../../src/dns/tailnet-view.ts';
import { dnsMessage } from '../../support/dns-server.ts';
import { type FakeLocalApi, startFakeLocalApi } from '../../support/fake-local-api.ts';
import { largeStatus, peerDocument, statusDocument } from '../../support/netmap.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

interface Test {
  teardown(callback: () => unknown): unknown;
}

const soon = () => AbortSignal.timeout(20_000);

function answerAll(fake: FakeLocalApi, peers = [peerDocument(1)]): void {
  fake.answer('status', statusDocument(peers));
  fake.answer('prefs', { RouteAll: true, CorpDNS: true });
  fake.answer('dns-config', {});
}

async function setUp(t: Test, options: { folder?: string; start?: boolean } = {}) {
  const folder = options.folder ?? tmpFolder(t);
  const fake = await startFakeLocalApi(folder);
  answerAll(fake);
  const warned: string[] = [];
  const view = new TailnetView({
    socketPath: fake.socketPath,
    acceptDns: true,
    direct: () => false,
    log: { warn: (_fields, message) => warned.push(message) },
  });
  t.teardown(async () => {
    await view.close();
    await fake.close();
  });
  if (options.start !== false) view.start();
  return { fake, view, warned, folder };
}

const running = (view: TailnetView) => view.until(() => view.state().kind === 'running', soon());
const count = (fake: FakeLocalApi, endpoint: string) =>
  fake.asked.filter((asked) => asked === `GET ${endpoint}`).length;

void t.test('a node that joins is seen as soon as tailscaled tells', async (t) => {
  const { fake, view } = await setUp(t);
  await running(view);
  t.equal(view.peerNamed('host-2'), undefined);
  answerAll(fake, [peerDocument(1), peerDocument(2)]);
  fake.notify({ PeersChanged: [{}] });
  await view.until(() => view.peerNamed('host-2') !== undefined, soon());
});

void t.test('nothing is polled while the bus is there', async (t) => {
  const { fake, view } = await setUp(t);
  await running(view);
  await waitFor(() => fake.watchers() === 1);
  const before = fake.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 400));
  t.equal(fake.asked.length, before);
});

void t.test('many notifications lead to few looks, and the last is not missed', async (t) => {
  const { fake, view } = await setUp(t);
  await running(view);
  await waitFor(() => fake.watchers() === 1);
  const before = count(fake, 'status');
  for (let at = 0; at < 200; at++) {
    fake.notify({ PeersChanged: [{}] });
    if (at === 199) answerAll(fake, [peerDocument(3)]);
    await new Promise(setImmediate);
  }
  fake.notify({ PeersChanged: [{}] });
  await view.until(() => view.peerNamed('host-3') !== undefined, soon());
  t.ok(count(fake, 'status') - before <= 12, `${count(fake, 'status') - before} looks`);
});

void t.test('preferences are read anew at each tick', async (t) => {
  const { fake, view } = await setUp(t);
  answerAll(fake, [peerDocument(1, { AllowedIPs: ['10.0.0.0/8'] })]);
  await view.until(() => view.ownerOf('10.1.1.1') !== undefined, soon());
  t.match(view.ownerOf('10.1.1.1'), { kind: 'subnet', accepted: true });
  fake.answer('prefs', { RouteAll: false, CorpDNS: true, ExitNodeID: 'n1CNTRL' });
  await waitFor(() => fake.watchers() === 1);
  fake.notify({ Prefs: {} });
  await view.until(() => view.exitNode() !== undefined, soon());
  t.match(view.ownerOf('10.1.1.1'), { kind: 'subnet', accepted: false });
});

void t.test('tailscaled may come later, die, and come back', async (t) => {
  const folder = tmpFolder(t);
  const { fake, view } = await setUp(t, { folder });
  await running(view);
  await fake.close();
  await view.until(() => view.state().kind === 'down', soon());
  const again = await startFakeLocalApi(folder);
  t.teardown(() => again.close());
  answerAll(again, [peerDocument(5)]);
  await running(view);
  t.ok(view.peerNamed('host-5'));
});

void t.test('a status that cannot be read is warned of once and changes nothing', async (t) => {
  const { fake, view, warned } = await setUp(t);
  await running(view);
  await waitFor(() => fake.watchers() === 1);
  fake.answer('status', '<html>');
  for (let at = 0; at < 3; at++) {
    const before = count(fake, 'status');
    fake.notify({});
    await waitFor(() => count(fake, 'status') > before);
  }
  t.same(view.state(), { kind: 'running' });
  t.ok(view.peerNamed('host-1'));
  await waitFor(() => warned.length > 0);
  t.match(warned, [/^the status of tailscale is not JSON/]);
  t.same(view.warnings(), warned);
});

void t.test(
  'a tailscaled without the newer endpoints is polled and asked for its netmap, each said once',
  async (t) => {
    const { fake, view, warned } = await setUp(t, { start: false });
    fake.handlers.delete('dns-config');
    fake.answer('watch-ipn-bus', 'no', 501);
    view.start();
    await running(view);
    await waitFor(() => count(fake, 'status') >= 4);
    t.same(warned.toSorted(), [
      'this tailscaled has no IPN bus: changes of the tailnet are polled',
      'this tailscaled has no dns-config (1.98): changes of the split-DNS configuration are seen within 30 s',
    ]);
  },
);

void t.test('before 1.98 split suffixes come from the netmap of the bus', async (t) => {
  const { fake, view } = await setUp(t, { start: false });
  fake.handlers.delete('dns-config');
  const bus = fake.handlers.get('watch-ipn-bus')!;
  fake.handlers.set('watch-ipn-bus', (request, response, url) => {
    if (url.searchParams.get('mask') !== '8') return bus(request, response, url);
    const netmap = { DNS: { Routes: { 'corp.test': [{ Addr: '10.0.0.53' }] } } };
    response.writeHead(200).write(`${JSON.stringify({ NetMap: netmap })}\n`);
  });
  view.start();
  await running(view);
  t.match(
    await view.resolver.resolve('wiki.corp.test', soon()),
    { kind: 'unavailable', owned: true },
    'and it has no dns-query either',
  );
  t.match(view.warnings().join(), /split DNS is not available: this tailscaled has no dns-query/);
});

void t.test('a large netmap does not hold up the event loop', async (t) => {
  const { fake, view } = await setUp(t);
  await running(view);
  await waitFor(() => fake.watchers() === 1);
  const large = JSON.stringify(largeStatus(5_000, 500));
  fake.answer('status', large);
  // By this thread's CPU time: others use the machine too.
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  const startMs = cpuMs();
  let lastMs = startMs;
  let longestMs = 0;
  const timer = setInterval(() => {
    const now = cpuMs();
    longestMs = Math.max(longestMs, now - lastMs);
    lastMs = now;
  }, 1);
  fake.notify({});
  await view.until(() => view.peerNamed('host-4999') !== undefined, soon());
  clearInterval(timer);
  const allMs = lastMs - startMs;
  t.ok(longestMs < allMs / 2, `the longest turn took ${longestMs} ms of ${allMs} ms`);
});

void t.test('before 1.100 extra records come with the DNS configuration', async (t) => {
  const { fake, view } = await setUp(t, { start: false });
  fake.answer('dns-config', {
    ExtraRecords: [{ Name: 'rec.apps.test', Type: 'A', Value: '100.64.0.1' }, null, {}],
  });
  view.start();
  await running(view);
  t.match(await view.resolver.resolve('rec.apps.test', soon()), {
    kind: 'resolved',
    source: 'extra-records',
    owned: true,
  });
  t.equal(view.peerNamed('rec.apps.test')?.shortName, 'host-1');
});

void t.test('split DNS that an old tailscaled cannot do is said once', async (t) => {
  const { fake, view } = await setUp(t, { start: false });
  fake.answer('status', { ...statusDocument([peerDocument(1)]), Version: '1.90.9' });
  fake.answer('dns-config', { Routes: { 'corp.test': [{ Addr: '10.0.0.53' }] } });
  fake.handlers.set('dns-query', (_request, response, url) => {
    const message = dnsMessage(1, url.searchParams.get('name')!, 'A', { rcode: 2 });
    response.end(JSON.stringify({ Bytes: message.toString('base64'), Resolvers: null }));
  });
  view.start();
  await running(view);
  t.match(await view.resolver.resolve('wiki.corp.test', soon()), {
    kind: 'unavailable',
    owned: true,
  });
  await view.resolver.resolve('wiki2.corp.test', soon());
  t.same(view.warnings(), [
    'split DNS is not available: tailscaled 1.90.9 cannot in userspace mode, 1.96 can',
  ]);
});

/** Holds back the answers to `status` until it is called. */
function holdStatus(fake: FakeLocalApi): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = fake.handlers.get('status')!;
  fake.handlers.set('status', (...call) => void promise.then(() => answer(...call)));
  return resolve;
}

void t.test(
  'regression: a peer that was removed kept its addresses until the next status',
  async (t) => {
    const { fake, view } = await setUp(t);
    answerAll(fake, [peerDocument(1), peerDocument(2)]);
    await view.until(() => view.peerNamed('host-2') !== undefined, soon());
    await waitFor(() => fake.watchers() === 1);
    const release = holdStatus(fake);
    fake.notify({ PeersRemoved: [1002] });
    await view.until(() => view.ownerOf('100.64.0.2')?.kind === 'unassigned', soon());
    t.same(view.ownerOf('fd7a:115c:a1e0:7::2'), { kind: 'unassigned' });
    t.match(view.ownerOf('100.64.0.1'), { kind: 'peer' });
    t.equal(view.withdrawals(), 1);
    // A status that was asked for before the news, and still has the peer, does not bring it back.
    release();
    let looks = 0;
    view.onChange(() => looks++);
    fake.notify({});
    await waitFor(() => looks > 0);
    t.match(view.ownerOf('100.64.0.1'), { kind: 'peer' });
  },
);

void t.test('a whole netmap on the bus takes out the peers that it lacks', async (t) => {
  const { fake, view } = await setUp(t);
  answerAll(fake, [peerDocument(1), peerDocument(2)]);
  await view.until(() => view.peerNamed('host-2') !== undefined, soon());
  await waitFor(() => fake.watchers() === 1);
  holdStatus(fake);
  const stays = { ID: 1001, Addresses: ['100.64.0.1/32', 'fd7a:115c:a1e0:7::1/128'] };
  fake.notify({ PeersChanged: [stays] });
  fake.notify({ SelfChange: { ID: 1000 }, PeersChanged: [stays] });
  await view.until(() => view.ownerOf('100.64.0.2')?.kind === 'unassigned', soon());
  t.match(view.ownerOf('100.64.0.1'), { kind: 'peer' });
  t.equal(view.withdrawals(), 1, 'a change of one peer says nothing of the others');
});

void t.test('a status read before a removal does not bring the peer back', async (t) => {
  const { fake, view } = await setUp(t);
  answerAll(fake, [peerDocument(1), peerDocument(2)]);
  await view.until(() => view.peerNamed('host-2') !== undefined, soon());
  await waitFor(() => fake.watchers() === 1);
  const release = holdStatus(fake);
  const before = count(fake, 'status');
  fake.notify({});
  await waitFor(() => count(fake, 'status') > before);
  fake.notify({ PeersRemoved: [1002] });
  await waitFor(() => view.ownerOf('100.64.0.2')?.kind === 'unassigned');
  const kinds: (string | undefined)[] = [];
  view.onChange(() => kinds.push(view.ownerOf('100.64.0.2')?.kind));
  release();
  await waitFor(() => kinds.length > 0);
  t.equal(kinds[0], 'unassigned');
});

void t.test('regression: the addresses of a withdrawn subnet became direct', async (t) => {
  const { fake, view } = await setUp(t);
  const router = (...routes: string[]) =>
    peerDocument(1, { AllowedIPs: ['100.64.0.1/32', 'fd7a:115c:a1e0:7::1/128', ...routes] });
  answerAll(fake, [router('10.0.0.0/8'), peerDocument(2)]);
  await view.until(() => view.ownerOf('10.1.1.1')?.kind === 'subnet', soon());
  await waitFor(() => fake.watchers() === 1);
  const release = holdStatus(fake);
  fake.notify({ PeersChanged: [{ ID: 1001, AllowedIPs: ['100.64.0.1/32'] }] });
  await view.until(() => view.ownerOf('10.1.1.1')?.kind === 'unassigned', soon());
  t.same(view.ownerOf('10.1.1.1'), { kind: 'unassigned', prefix: '10.0.0.0/8' });
  t.match(view.ownerOf('100.64.0.1'), { kind: 'peer' }, 'what it keeps is its own');
  fake.notify({
    PeersChanged: [
      { ID: 1002, AllowedIPs: ['100.64.0.2/32', 'fd7a:115c:a1e0:7::2/128', '10.0.0.0/8'] },
    ],
  });
  await waitFor(() => view.ownerOf('10.1.1.1')?.kind === 'subnet');
  t.match(
    view.ownerOf('10.1.1.1'),
    { peer: { shortName: 'host-2' } },
    'another takes over at once',
  );
  answerAll(fake, [router(), peerDocument(2)]);
  release();
  fake.notify({});
  await view.until(() => view.ownerOf('10.1.1.1')?.kind === 'unassigned', soon());
  t.same(view.ownerOf('10.1.1.1'), { kind: 'unassigned', prefix: '10.0.0.0/8' }, 'for good');
  t.equal(view.ownerOf('11.1.1.1'), undefined);
});

void t.test(
  'a bus that is closed on a reader that lags is opened again, and nothing is missed',
  async (t) => {
    const { fake, view } = await setUp(t);
    await running(view);
    await waitFor(() => fake.watchers() === 1);
    const opened = fake.asked.filter((asked) => asked.includes('watch-ipn-bus')).length;
    answerAll(fake, [peerDocument(1), peerDocument(7)]);
    fake.notify({ ErrMessage: 'IPN bus consumer fell behind; closing watch' });
    fake.closeBuses();
    await view.until(() => view.peerNamed('host-7') !== undefined, soon());
    await waitFor(() => fake.watchers() === 1);
    t.equal(fake.asked.filter((asked) => asked.includes('watch-ipn-bus')).length, opened + 1);
    t.same(view.state(), { kind: 'running' });
  },
);
