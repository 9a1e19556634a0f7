import { type Answer, encode } from 'dns-packet';
import * as fc from 'fast-check';
import t from 'tap';
import { readDnsAnswer } from '../../../src/dns/local-api/dns-answer.ts';
import { dnsMessage } from '../../support/dns-server.ts';

const a = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, data, ttl });
const aaaa = (name: string, data: string, ttl = 60): Answer => ({ type: 'AAAA', name, data, ttl });
const cname = (name: string, data: string, ttl = 60): Answer => ({
  type: 'CNAME',
  name,
  data,
  ttl,
});
const read = (name: string, type: 'A' | 'AAAA', answers: Answer[], rcode = 0) =>
  readDnsAnswer(dnsMessage(1, name, type, { answers, rcode }), name, type);

void t.test('addresses with the smallest TTL on the way', async (t) => {
  t.same(read('web.corp', 'A', [a('WEB.corp', '10.0.0.1', 60), a('web.corp', '10.0.0.2', 30)]), {
    kind: 'addresses',
    addresses: ['10.0.0.1', '10.0.0.2'],
    ttlS: 30,
  });
  t.same(read('web.corp', 'AAAA', [aaaa('web.corp', 'fd00:0::1')]), {
    kind: 'addresses',
    addresses: ['fd00::1'],
    ttlS: 60,
  });
  const chain = [
    cname('web.corp', 'lb.corp', 300),
    a('x.lb.corp', '10.0.0.3', 20),
    cname('lb.corp', 'x.lb.corp', 10),
  ];
  t.same(read('web.corp', 'A', chain), { kind: 'addresses', addresses: ['10.0.0.3'], ttlS: 10 });
});

void t.test('an IPv4-mapped AAAA means the IPv4 address', async (t) => {
  t.same(read('x', 'AAAA', [aaaa('x', '::ffff:127.0.0.1')]), {
    kind: 'addresses',
    addresses: ['127.0.0.1'],
    ttlS: 60,
  });
});

void t.test('records of other names, types and families do not count', async (t) => {
  t.match(read('web.corp', 'A', [a('other.corp', '10.6.6.6'), aaaa('web.corp', 'fd00::1')]), {
    kind: 'none',
    nxdomain: false,
  });
});

void t.test('a CNAME that leads out of the message is followed by the caller', async (t) => {
  t.same(read('web.corp', 'A', [cname('web.corp', 'lb.example.com', 30)]), {
    kind: 'alias',
    target: 'lb.example.com',
    ttlS: 30,
  });
});

void t.test('aliases in a circle end', async (t) => {
  t.ok(['alias', 'none'].includes(read('a', 'A', [cname('a', 'b'), cname('b', 'a')]).kind));
});

void t.test('no such name holds as long as its SOA says', async (t) => {
  const message = encode({
    type: 'response',
    flags: 0x183,
    questions: [{ name: 'x.corp', type: 'A' }],
    authorities: [
      {
        type: 'SOA',
        name: 'corp',
        ttl: 900,
        data: { mname: 'ns.corp', rname: 'x.corp', minimum: 7 },
      },
    ],
  });
  t.same(readDnsAnswer(message, 'x.corp', 'A'), { kind: 'none', nxdomain: true, ttlS: 7 });
});

void t.test('a resolver that fails is not a name that does not exist', async (t) => {
  t.same(read('x', 'A', [], 2), { kind: 'failed', detail: 'the resolver answered SERVFAIL' });
  t.same(read('x', 'A', [], 5), { kind: 'failed', detail: 'the resolver answered REFUSED' });
  t.equal(readDnsAnswer(new Uint8Array(), 'x', 'A').kind, 'failed');
  t.equal(
    readDnsAnswer(encode({ type: 'query', questions: [{ name: 'x', type: 'A' }] }), 'x', 'A').kind,
    'failed',
  );
  t.equal(readDnsAnswer(new Uint8Array(70_000), 'x', 'A').kind, 'failed');
});

const whole = dnsMessage(1, 'web.corp', 'A', {
  answers: [
    cname('web.corp', 'lb.corp'),
    a('lb.corp', '10.0.0.1'),
    { type: 'TXT', name: 'web.corp', data: 'x' },
  ],
});
const kinds = new Set(['addresses', 'alias', 'none', 'failed']);

void t.test('no bytes crash it, and none hold it up', async (t) => {
  const random = fc.uint8Array({ maxLength: 120 });
  const cut = fc.nat(whole.length).map((end) => whole.subarray(0, end));
  const changed = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    .map((changes) => {
      const bytes = Uint8Array.from(whole);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const pointers = fc
    .uint8Array({ maxLength: 60 })
    .map((tail) => Uint8Array.from([0, 1, 0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 0xc0, 12, ...tail]));
  fc.assert(
    fc.property(
      fc.oneof(random, cut, changed, pointers),
      fc.constantFrom('A' as const, 'AAAA' as const),
      (bytes, type) => {
        const answer = readDnsAnswer(bytes, 'web.corp', type);
        if (answer.kind === 'addresses') return answer.addresses.length > 0 && answer.ttlS >= 0;
        return kinds.has(answer.kind);
      },
    ),
    { seed: 13, numRuns: 25_000 },
  );
  t.pass('25,000 messages');
});
