import t from 'tap';
import { LocalApi } from '../../../src/dns/local-api/local-api.ts';
import { SplitDns } from '../../../src/dns/resolve/split-dns.ts';
import { type DnsHandler, dnsMessage } from '../../support/dns-server.ts';
import { type FakeLocalApi, startFakeLocalApi } from '../../support/fake-local-api.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

/** dns-query by a function from name and type; `undefined` is silence. */
function resolveBy(
  fake: FakeLocalApi,
  handler: DnsHandler,
  resolvers = [{ Addr: '10.0.0.53' }],
): void {
  fake.handlers.set('dns-query', (_request, response, url) => {
    const [name, type] = [url.searchParams.get('name')!, url.searchParams.get('type')!];
    const reply = handler(name, type);
    if (reply === undefined) return;
    const Bytes = dnsMessage(1, name, type, reply).toString('base64');
    response.end(JSON.stringify({ Bytes, Resolvers: resolvers }));
  });
}

async function setUp(t: { teardown(callback: () => unknown): unknown }) {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake.close());
  const unsupported: (string | undefined)[] = [];
  const split = new SplitDns(new LocalApi(fake.socketPath), (detail) => unsupported.push(detail));
  return { fake, split, unsupported };
}

void t.test('A and AAAA are asked at once, IPv4 comes first, the smaller TTL counts', async (t) => {
  const { fake, split } = await setUp(t);
  resolveBy(fake, (name, type) => ({
    answers:
      type === 'A'
        ? [{ type, name, data: '10.0.0.1', ttl: 60 }]
        : [{ type: 'AAAA', name, data: 'fd00::1', ttl: 30 }],
  }));
  t.same(await split.lookup('web.corp'), {
    kind: 'addresses',
    addresses: ['10.0.0.1', 'fd00::1'],
    ttlMs: 30_000,
  });
  await split.lookup('web.corp');
  t.equal(fake.asked.length, 2, 'the answer is kept for its TTL');
  split.forget();
  await split.lookup('web.corp');
  t.equal(fake.asked.length, 4, 'until the configuration changes');
});

void t.test('the same question in flight is asked once', async (t) => {
  const { fake, split } = await setUp(t);
  resolveBy(fake, (name, type) =>
    type === 'A' ? { answers: [{ type, name, data: '10.0.0.1', ttl: 0 }] } : {},
  );
  const answers = await Promise.all(Array.from({ length: 50 }, () => split.lookup('web.corp')));
  t.ok(answers.every((answer) => answer.kind === 'addresses'));
  t.equal(fake.asked.length, 2);
  await split.lookup('web.corp');
  t.equal(fake.asked.length, 4, 'a TTL of zero is not kept');
});

void t.test('a missing AAAA does not keep an A waiting', async (t) => {
  const { fake, split } = await setUp(t);
  resolveBy(fake, (name, type) =>
    type === 'A' ? { answers: [{ type, name, data: '10.0.0.1', ttl: 60 }] } : undefined,
  );
  const startedMs = performance.now();
  t.match(await split.lookup('web.corp'), { kind: 'addresses', addresses: ['10.0.0.1'], ttlMs: 0 });
  t.ok(performance.now() - startedMs < 4_000, 'a resolver is waited for 5 s');
});

void t.test('each way to have no answer is told apart', async (t) => {
  const { fake, split, unsupported } = await setUp(t);
  resolveBy(fake, () => ({ rcode: 3 }));
  t.match(await split.lookup('a.corp'), { kind: 'none', detail: 'a.corp does not exist' });
  resolveBy(fake, () => ({}));
  t.match(await split.lookup('b.corp'), { kind: 'none', detail: 'b.corp has no address' });
  resolveBy(fake, () => ({ rcode: 2 }));
  t.match(await split.lookup('c.corp'), {
    kind: 'failed',
    detail: 'the resolver answered SERVFAIL',
  });
  resolveBy(fake, () => ({ rcode: 2 }), []);
  t.match(await split.lookup('d.corp'), {
    kind: 'unavailable',
    detail: 'tailscaled has no resolver for it',
  });
  resolveBy(fake, (name, type) => ({
    answers: [{ type: 'CNAME', name, data: `${type.toLowerCase()}.other`, ttl: 5 }],
  }));
  t.match(await split.lookup('e.corp'), { kind: 'alias', target: 'a.other' });
  fake.answer('dns-query', { Bytes: 'AAAA', Resolvers: [{ Addr: 'x' }] });
  t.match(await split.lookup('f.corp'), { kind: 'failed', detail: 'the DNS answer is malformed' });
  fake.handlers.delete('dns-query');
  t.match(await split.lookup('g.corp'), { kind: 'unavailable' });
  t.same([...new Set(unsupported)], [undefined, 'this tailscaled has no dns-query']);
  await fake.close();
  t.match(await split.lookup('h.corp'), { kind: 'unavailable', detail: /ENOENT|ECONN/ });
});

void t.test('fifty names on a dead resolver do not delay a live one', async (t) => {
  const { fake, split } = await setUp(t);
  resolveBy(fake, (name, type) => {
    if (name.endsWith('.dead')) return undefined;
    return type === 'A' ? { answers: [{ type, name, data: '10.0.0.1', ttl: 60 }] } : {};
  });
  let ended = 0;
  const dead = Array.from({ length: 50 }, async (_, at) => {
    await split.lookup(`n${at}.dead`);
    ended += 1;
  });
  t.match(await split.lookup('web.live'), { kind: 'addresses' });
  t.equal(ended, 0, 'all of them still wait');
  await fake.close();
  await Promise.all(dead);
});

void t.test('questions wait until the resolver can be reached', async (t) => {
  const { fake, split } = await setUp(t);
  resolveBy(fake, (name, type) =>
    type === 'A' ? { answers: [{ type, name, data: '10.0.0.1', ttl: 60 }] } : {},
  );
  let open: () => void = () => {};
  split.forget(new Promise((resolve) => (open = resolve)));
  const asking = split.lookup('web.corp');
  await new Promise(setImmediate);
  t.equal(fake.asked.length, 0);
  open();
  t.match(await asking, { kind: 'addresses' });
});
