import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { askPatiently, SystemResolver } from '../../../src/dns/resolve/system-resolver.ts';
import { type DnsHandler, startDnsServer } from '../../support/dns-server.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const plain = { absolute: false, forbidden: () => false };
const known: DnsHandler = (name, type) => {
  if (name.endsWith('.silent')) return undefined;
  if (name.endsWith('.broken')) return { rcode: 2 };
  if (!name.startsWith('web')) return { rcode: 3 };
  return type === 'A' ? { answers: [{ type, name, data: '203.0.113.9', ttl: 60 }] } : {};
};

interface Test {
  teardown(callback: () => unknown): unknown;
}

async function setUp(t: Test, handler: DnsHandler, more = '') {
  const server = await startDnsServer(handler);
  const path = join(tmpFolder(t), 'resolv.conf');
  writeFileSync(path, `nameserver ${server.address}\n${more}`);
  const resolver = new SystemResolver(path);
  t.teardown(async () => {
    resolver.close();
    await server[Symbol.asyncDispose]();
  });
  return { server, resolver, path };
}

void t.test(
  'a name is asked of the server that resolv.conf names, and kept for its TTL',
  async (t) => {
    const { server, resolver } = await setUp(t, known);
    t.match(await resolver.lookup('web.test', plain), {
      kind: 'addresses',
      addresses: ['203.0.113.9'],
    });
    await resolver.lookup('web.test', plain);
    t.same(server.asked.toSorted(), ['A web.test', 'AAAA web.test']);
  },
);

void t.test('search domains and ndots are honoured, a trailing dot ends the search', async (t) => {
  const { server, resolver } = await setUp(
    t,
    (name, type) =>
      name === 'db.b.test'
        ? known('web', type) && { answers: [{ type: 'A', name, data: '10.0.0.1', ttl: 1 }] }
        : { rcode: 3 },
    'search a.test b.test\noptions ndots:1\n',
  );
  t.match(await resolver.lookup('db', plain), { kind: 'addresses', addresses: ['10.0.0.1'] });
  t.ok(server.asked.includes('A db.a.test'));
  t.notOk(server.asked.includes('A db'));
  t.match(await resolver.lookup('db', { ...plain, absolute: true }), {
    kind: 'none',
    detail: 'db does not exist',
  });
  t.equal(server.asked.filter((question) => question === 'A db').length, 1);
});

void t.test('a name that a search domain puts under the tailnet is not asked', async (t) => {
  const { server, resolver } = await setUp(t, known, 'search tail1.ts.net\n');
  await resolver.lookup('db', { absolute: false, forbidden: (name) => name.endsWith('.ts.net') });
  t.same(server.asked.toSorted(), ['A db', 'AAAA db']);
});

void t.test('silence and failure are told apart from a name that does not exist', async (t) => {
  const { resolver } = await setUp(t, known, 'options timeout:0 attempts:1\n');
  t.match(await resolver.lookup('x.silent', plain), {
    kind: 'failed',
    detail: 'the system resolver did not answer',
  });
  t.match(await resolver.lookup('x.broken', plain), {
    kind: 'failed',
    detail: 'the system resolver failed (ESERVFAIL)',
  });
  t.match(await resolver.lookup('nope.test', plain), {
    kind: 'none',
    detail: 'nope.test does not exist',
  });
});

void t.test('fifty names on a silent server do not delay one that is answered', async (t) => {
  const { resolver } = await setUp(t, known, 'options timeout:1 attempts:1\n');
  let ended = 0;
  const silent = Array.from({ length: 50 }, async (_, at) => {
    const answer = await resolver.lookup(`n${at}.silent`, plain);
    ended += 1;
    return answer;
  });
  t.match(await resolver.lookup('web.test', plain), { kind: 'addresses' });
  t.equal(ended, 0, 'all of them still wait');
  resolver.close();
  t.ok((await Promise.all(silent)).every((answer) => answer.kind === 'failed'));
});

void t.test('a second server answers when the first is dead', async (t) => {
  const dead = await startDnsServer(() => undefined);
  t.teardown(() => dead[Symbol.asyncDispose]());
  const { server, path } = await setUp(t, known);
  writeFileSync(
    path,
    `nameserver ${dead.address}\nnameserver ${server.address}\noptions timeout:1\n`,
  );
  const resolver = new SystemResolver(path);
  t.teardown(() => resolver.close());
  t.match(await resolver.lookup('web.test', plain), { kind: 'addresses' });
  const before = dead.asked.length;
  t.match(await resolver.lookup('web2.test', plain), { kind: 'addresses' });
  t.equal(dead.asked.length, before, 'the dead one is asked last from now on');
});

void t.test('an IPv4-mapped AAAA is judged by the address it means', async (t) => {
  const { resolver } = await setUp(t, (name, type) =>
    type === 'AAAA' ? { answers: [{ type, name, data: '::ffff:127.0.0.1', ttl: 1 }] } : {},
  );
  t.match(await resolver.lookup('rebind.test', plain), {
    kind: 'addresses',
    addresses: ['127.0.0.1'],
  });
});

void t.test('a name that takes a server longer than 250 ms was given up', async (t) => {
  // As c-ares does where a server mostly answers at once.
  const timeout = Object.assign(new Error('queryA ETIMEOUT'), { code: 'ETIMEOUT' });
  const until = (questions: number) => {
    let asked = 0;
    return async () => {
      asked += 1;
      if (asked < questions) throw timeout;
      return [{ address: '203.0.113.9', ttl: 60 }];
    };
  };
  t.match(await askPatiently(until(4), 'cold.test', 60_000), { addresses: ['203.0.113.9'] });
  t.match(await askPatiently(until(4), 'cold.test', 0), { kind: 'failed', detail: /did not/ });
  const refused = Object.assign(new Error('queryA ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const once = until(2);
  const failing = async () => (await once().catch(() => undefined)) ?? Promise.reject(refused);
  t.match(await askPatiently(failing, 'cold.test', 60_000), { kind: 'failed' }, 'only silence');
});
