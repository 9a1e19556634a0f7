import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { TailnetView } from '../../../src/dns/tailnet-view.ts';
import type { Resolution } from '../../../src/tailnet.ts';
import { dnsMessage, startDnsServer } from '../../support/dns-server.ts';
import { startFakeLocalApi } from '../../support/fake-local-api.ts';
import { peerDocument, statusDocument, type PeerDocument } from '../../support/netmap.ts';
import { waitFor } from '../../support/wait-for.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

interface Test {
  teardown(callback: () => unknown): unknown;
}

const soon = () => AbortSignal.timeout(20_000);

/** The names that only the tailnet's resolvers know, and those that only the world's know. */
const inside: Record<string, string> = {
  'wiki.corp.test': '10.1.1.1',
  'public.test': '203.0.113.200',
  'deep.dev.corp.test': '10.1.1.2',
};
const outside: Record<string, string> = {
  'public.test': '203.0.113.80',
  'wiki.corp.test': '203.0.113.66',
  single: '203.0.113.81',
};

interface World {
  readonly status?: PeerDocument;
  readonly prefs?: object;
  readonly dns?: object;
  readonly hosts?: string;
  readonly direct?: (name: string) => boolean;
  readonly resolvConf?: string;
  /** tailscaled is not there. */
  readonly absent?: boolean;
}

async function setUp(t: Test, world: World = {}) {
  const folder = tmpFolder(t);
  const system = await startDnsServer((name, type) => {
    if (name === 'silent.test') return undefined;
    const data = outside[name];
    if (data === undefined) return { rcode: 3 };
    return type === 'A' ? { answers: [{ type, name, data, ttl: 60 }] } : {};
  });
  const api = await startFakeLocalApi(folder);
  api.answer('status', { ...statusDocument([peerDocument(1)]), ...world.status });
  api.answer('prefs', { RouteAll: true, CorpDNS: true, ExitNodeID: '', ...world.prefs });
  api.answer('dns-config', {
    Routes: { 'corp.test': [{ Addr: '10.0.0.53' }] },
    Domains: ['tail1234.ts.net', 'corp.test'],
    ...world.dns,
  });
  api.handlers.set('dns-query', (_request, response, url) => {
    const [name, type] = [url.searchParams.get('name')!, url.searchParams.get('type')!];
    if (name.startsWith('silent')) return;
    const data = inside[name];
    const reply =
      name === 'alias.corp.test'
        ? { answers: [{ type: 'CNAME' as const, name, data: 'public.test', ttl: 9 }] }
        : data === undefined
          ? { rcode: name.startsWith('broken') ? 2 : 3 }
          : type === 'A'
            ? { answers: [{ type: 'A' as const, name, data, ttl: 60 }] }
            : {};
    response.end(
      JSON.stringify({
        Bytes: dnsMessage(1, name, type, reply).toString('base64'),
        Resolvers: [{ Addr: '10.0.0.53' }],
      }),
    );
  });
  writeFileSync(
    join(folder, 'resolv.conf'),
    `nameserver ${system.address}\noptions timeout:1 attempts:1\n${world.resolvConf ?? ''}`,
  );
  writeFileSync(join(folder, 'hosts'), world.hosts ?? '');
  const view = new TailnetView({
    socketPath: world.absent === true ? join(folder, 'absent.sock') : api.socketPath,
    acceptDns: true,
    direct: world.direct ?? (() => false),
    log: { warn: () => {} },
    resolvConfPath: join(folder, 'resolv.conf'),
    hostsPath: join(folder, 'hosts'),
  });
  t.teardown(async () => {
    await view.close();
    await api.close();
    await system[Symbol.asyncDispose]();
  });
  view.start();
  if (world.absent !== true) await view.until(() => view.summary() !== undefined, soon());
  const resolve = (host: string) => view.resolver.resolve(host, soon());
  /** What was resolved to, in short. */
  const short = async (host: string) => {
    const answer: Resolution = await resolve(host);
    return answer.kind === 'resolved' ? `${answer.source} ${answer.addresses[0]}` : answer.kind;
  };
  return { view, api, system, resolve, short };
}

void t.test('each name is answered by who knows it, and says so', async (t) => {
  const document = statusDocument([]);
  const self = {
    ...(document['Self'] as object),
    CapMap: { 'services/1': [{ Name: 'svc:grafana', Addrs: ['100.70.0.1'] }] },
  };
  const peers = [peerDocument(1), peerDocument(2, { CapMap: { 'dns-subdomain-resolve': null } })];
  const records = [
    { Name: 'rec.apps.test', Type: 'A', Value: '100.64.0.1' },
    { Name: 'cname.apps.test', Type: 'CNAME', Value: 'host-1.tail1234.ts.net' },
    { Name: 'out.apps.test', Type: 'CNAME', Value: 'public.test' },
    { Name: 'loop.apps.test', Type: 'CNAME', Value: 'loop.apps.test' },
  ];
  const { short, system } = await setUp(t, {
    status: { ...statusDocument(peers), Self: self, ExtraRecords: records },
    hosts: '10.9.9.9 box\n',
  });
  const expected: Record<string, string> = {
    'host-1': 'status 100.64.0.1',
    'HOST-1.Tail1234.TS.net.': 'status 100.64.0.1',
    ci: 'status 100.64.0.0',
    'rec.apps.test': 'extra-records 100.64.0.1',
    'cname.apps.test': 'extra-records 100.64.0.1',
    'out.apps.test': 'extra-records 203.0.113.80',
    'loop.apps.test': 'not_found',
    grafana: 'services 100.70.0.1',
    'x.host-2.tail1234.ts.net': 'subdomain 100.64.0.2',
    '10-1-2-3-via-7': '4via6 fd7a:115c:a1e0:b1a:0:7:a01:203',
    '10-1-2-3-via-7.tail1234.ts.net': '4via6 fd7a:115c:a1e0:b1a:0:7:a01:203',
    'wiki.corp.test': 'split-dns 10.1.1.1',
    'alias.corp.test': 'split-dns 203.0.113.80',
    wiki: 'search 10.1.1.1',
    'deep.dev': 'search 10.1.1.2',
    box: 'hosts 10.9.9.9',
    localhost: 'hosts 127.0.0.1',
    'public.test': 'dns 203.0.113.80',
    single: 'dns 203.0.113.81',
    '0x7f.1': 'literal 127.0.0.1',
    '[::FFFF:127.0.0.1]': 'literal 127.0.0.1',
    'nope.tail1234.ts.net': 'not_found',
    'nope.corp.test': 'not_found',
    'broken.corp.test': 'no_answer',
    'nope.test': 'not_found',
    'wiki.': 'not_found',
  };
  for (const [host, answer] of Object.entries(expected)) t.equal(await short(host), answer, host);
  const private_ = system.asked.filter((question) =>
    /ts\.net|corp\.test|apps\.test|via/.test(question),
  );
  t.same(private_, [], 'the system resolver saw no private name');
});

void t.test('what is no name is refused without asking anybody', async (t) => {
  const { resolve, system } = await setUp(t);
  for (const host of ['', '.', 'a b', 'a/b', '1.2.3.999', 'a..b', 'x'.repeat(70_000), 'host-1\n']) {
    t.match(await resolve(host), { kind: 'not_found', detail: /neither a name nor an address/ });
  }
  t.same(system.asked, []);
});

void t.test('a name that does not exist is told with the nearest that do', async (t) => {
  const { resolve } = await setUp(t);
  t.match(await resolve('hots-1.tail1234.ts.net'), {
    kind: 'not_found',
    owned: true,
    nearest: ['host-1'],
    detail: /no node or record of tail1234\.ts\.net/,
  });
  t.match(await resolve('hots-1'), { kind: 'not_found', owned: false, nearest: ['host-1'] });
});

void t.test(
  "before and without tailscaled, the tailnet's names are unavailable and public ones are answered",
  async (t) => {
    const { resolve, short, system } = await setUp(t, { absent: true });
    t.match(await resolve('web.tail1234.ts.net'), {
      kind: 'unavailable',
      owned: true,
      detail: /no netmap yet/,
    });
    t.equal(await short('10-1-2-3-via-7'), '4via6 fd7a:115c:a1e0:b1a:0:7:a01:203');
    t.equal(await short('public.test'), 'dns 203.0.113.80');
    t.same(
      system.asked.filter((question) => !question.endsWith('public.test')),
      [],
    );
  },
);

void t.test('after tailscaled has died its names stay its own', async (t) => {
  const { view, api, resolve, short, system } = await setUp(t);
  await api.close();
  await view.until(() => view.state().kind === 'down', soon());
  t.equal(await short('host-1'), 'status 100.64.0.1', 'the last netmap');
  t.match(await resolve('nope.tail1234.ts.net'), {
    kind: 'unavailable',
    detail: /not in the last netmap/,
  });
  t.match(await resolve('wiki.corp.test'), {
    kind: 'unavailable',
    detail: /resolved over the tailnet/,
  });
  t.equal(await short('public.test'), 'dns 203.0.113.80');
  t.same(
    system.asked.filter((question) => !question.endsWith('public.test')),
    [],
  );
});

void t.test(
  'regression: the name of a node that is being replaced went to its public namesake',
  async (t) => {
    const { view, api, resolve, short, system } = await setUp(t, {
      status: statusDocument([
        peerDocument(1),
        peerDocument(2, { DNSName: 'single.tail1234.ts.net.' }),
      ]),
    });
    t.equal(await short('single'), 'status 100.64.0.2');
    api.answer('status', statusDocument([peerDocument(1)]));
    api.notify({ PeersRemoved: [2] });
    await view.until(() => view.summary()?.peers === 1, soon());
    t.match(await resolve('single'), { kind: 'not_found', owned: true, detail: /no more/ });
    t.same(system.asked, []);
  },
);

void t.test(
  "with --accept-dns=false split DNS is off and the tailnet's suffix is not",
  async (t) => {
    const { short, view, system } = await setUp(t, { prefs: { CorpDNS: false } });
    t.equal(await short('host-1'), 'status 100.64.0.1');
    t.equal(await short('wiki.corp.test'), 'dns 203.0.113.66');
    t.equal(await short('nope.tail1234.ts.net'), 'not_found');
    t.notOk(system.asked.some((question) => question.includes('ts.net')));
    t.match(view.warnings().join(), /split DNS is off/);
  },
);

void t.test(
  'names of SPACETAIL_DIRECT go to the system resolver, whatever the tailnet says',
  async (t) => {
    const { short, api } = await setUp(t, {
      direct: (name) => name.endsWith('corp.test'),
      prefs: { ExitNodeID: 'n1' },
    });
    t.equal(await short('wiki.corp.test'), 'dns 203.0.113.66');
    t.notOk(api.asked.some((question) => question.includes('dns-query')));
  },
);

void t.test(
  'with an exit node public names are resolved through the tailnet or not at all',
  async (t) => {
    const { view, api, resolve, short, system } = await setUp(t, {
      prefs: { ExitNodeID: 'n1CNTRL' },
    });
    t.equal(await short('public.test'), 'dns 203.0.113.200');
    t.match(await resolve('broken.test'), {
      kind: 'unavailable',
      detail: /exit node .* did not resolve/,
    });
    t.equal(await short('nope.test'), 'not_found');
    await api.close();
    await view.until(() => view.state().kind === 'down', soon());
    t.match(await resolve('public2.test'), {
      kind: 'unavailable',
      owned: true,
      detail: /resolved by the exit node/,
    });
    t.same(system.asked, []);
  },
);

void t.test(
  "resolvers that override the system’s are asked first; the system's when they fail",
  async (t) => {
    const { short } = await setUp(t, { dns: { Resolvers: [{ Addr: '10.0.0.53' }] } });
    t.equal(await short('public.test'), 'dns 203.0.113.200');
    t.equal(await short('single'), 'dns 203.0.113.81');
  },
);

void t.test('silence ends after 5 s as no answer, an abort at once with its reason', async (t) => {
  const { resolve, view } = await setUp(t);
  const startedMs = performance.now();
  const slow = resolve('silent.corp.test');
  await t.rejects(view.resolver.resolve('silent2.corp.test', AbortSignal.timeout(50)), {
    name: 'TimeoutError',
  });
  t.match(await resolve('silent.test'), { kind: 'no_answer', detail: /did not answer/ });
  t.match(await slow, { kind: 'no_answer', owned: true, detail: 'no answer within 5 s' });
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs > 4_500 && tookMs < 10_000, `${tookMs} ms`);
});

void t.test(
  "a search domain of resolv.conf cannot put a tailnet's name before the system resolver",
  async (t) => {
    const { short, system } = await setUp(t, {
      resolvConf: 'search tail1234.ts.net corp.test\n',
      dns: { Domains: [] },
    });
    t.equal(await short('nope'), 'not_found');
    t.same(system.asked.toSorted(), ['A nope', 'AAAA nope']);
  },
);

void t.test(
  'regression: a node named localhost, or as the hosts file has it, took the name',
  async (t) => {
    const named = (at: number, name: string) =>
      peerDocument(at, { DNSName: `${name}.tail1234.ts.net.` });
    const { short, view } = await setUp(t, {
      status: statusDocument([named(1, 'localhost'), named(2, 'box'), named(3, 'web')]),
      hosts: '10.9.9.9 box\n',
    });
    await view.until(() => view.state().kind === 'running', soon());
    t.equal(await short('localhost'), 'hosts 127.0.0.1');
    t.equal(await short('x.localhost'), 'hosts 127.0.0.1');
    t.equal(await short('box'), 'hosts 10.9.9.9');
    t.equal(await short('box.tail1234.ts.net'), 'status 100.64.0.2', 'the FQDN is the node');
    t.equal(await short('web'), 'status 100.64.0.3');
    t.equal(view.peerNamed('localhost'), undefined, 'no rule for the node covers the loopback');
    t.equal(view.peerNamed('box'), undefined);
    t.match(view.peerNamed('box.tail1234.ts.net'), { addresses: ['100.64.0.2', /./] });
  },
);

void t.test('regression: a name kept as many addresses as anybody gave it', async (t) => {
  const lines = Array.from({ length: 4_000 }, (_, at) => `10.0.${at >> 8}.${at & 255} many`);
  const { resolve } = await setUp(t, { hosts: `${lines.join('\n')}\nfd00::1 many\n` });
  const answer = await resolve('many');
  t.equal(answer.kind === 'resolved' ? answer.addresses.length : 0, 64);
});

void t.test(
  "regression: a name under a suffix that the tailnet's DNS had went to the system resolver",
  async (t) => {
    const { resolve, short, api, system } = await setUp(t);
    t.equal(await short('wiki.corp.test'), 'split-dns 10.1.1.1');
    api.answer('dns-config', {});
    api.notify({});
    await waitFor(async () => (await resolve('wiki.corp.test')).kind === 'unavailable');
    t.match(await resolve('wiki.corp.test'), { owned: true, detail: /corp\.test in this run/ });
    api.handlers.set('dns-config', (_request, response) =>
      response.writeHead(503).end('no netmap'),
    );
    api.notify({});
    t.match(await resolve('wiki.corp.test'), { kind: 'unavailable', owned: true });
    t.same(system.asked, []);
  },
);
