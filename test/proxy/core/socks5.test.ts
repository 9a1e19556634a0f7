import * as fc from 'fast-check';
import t from 'tap';
import {
  formatReply,
  readGreeting,
  readPassword,
  readRequest,
} from '../../../src/proxy/core/socks5.ts';

void t.test('RFC 1928 3: the greeting', async (t) => {
  t.match(readGreeting(Buffer.from([5, 2, 0, 2, 9])), { kind: 'read', value: [0, 2], used: 4 });
  t.match(readGreeting(Buffer.from([5])), { kind: 'more' });
  t.match(readGreeting(Buffer.from([5, 0])), { kind: 'malformed' });
  t.match(readGreeting(Buffer.from([4, 1])), { kind: 'malformed' });
  t.match(readGreeting(Buffer.from('GET / HTTP/1.1')), { kind: 'malformed' });
});

void t.test('RFC 1928 4: the request, with each type of address', async (t) => {
  t.match(readRequest(Buffer.from([5, 1, 0, 1, 10, 0, 0, 1, 0, 80])), {
    value: { host: '10.0.0.1', port: 80 },
    used: 10,
  });
  t.match(readRequest(Buffer.from([5, 1, 0, 3, 2, 100, 98, 0x15, 0x38])), {
    value: { host: 'db', port: 5432 },
    used: 9,
  });
  const ipv6 = Buffer.from([5, 1, 0, 4, 0xfd, 0x7a, ...Buffer.alloc(13), 7, 0, 80]);
  t.match(readRequest(ipv6), { value: { host: 'fd7a::7', port: 80 }, used: 22 });
});

void t.test('an IPv6 address is told as in HTTP (RFC 5952), not in its long form', async (t) => {
  const spelled = (...bytes: number[]) => readRequest(Buffer.from([5, 1, 0, 4, ...bytes, 1, 187]));
  const zeros = (count: number) => Array.from({ length: count }, () => 0);
  for (const [bytes, host] of [
    [[0xfd, 0x7a, 0x11, 0x5c, 0xa1, 0xe0, ...zeros(9), 2], 'fd7a:115c:a1e0::2'],
    [[0x20, 1, 0xd, 0xb8, ...zeros(3), 1, ...zeros(7), 1], '2001:db8:0:1::1'],
    [[0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7], '1:0:2:3:4:5:6:7'],
    [zeros(16), '::'],
    [[...zeros(10), 255, 255, 192, 0, 2, 1], '::ffff:192.0.2.1'],
  ] as const) {
    t.match(spelled(...bytes), { kind: 'read', value: { host, port: 443 }, used: 22 });
  }
});

void t.test(
  'RFC 1928 6: an unknown command is reply 7, an unknown address type reply 8',
  async (t) => {
    t.match(readRequest(Buffer.from([5, 2, 0, 1])), { kind: 'malformed', reply: 7 });
    t.match(readRequest(Buffer.from([5, 3, 0, 1])), { kind: 'malformed', reply: 7 });
    t.match(readRequest(Buffer.from([5, 1, 0, 2])), { kind: 'malformed', reply: 8 });
  },
);

void t.test('RFC 1929 2: user and password', async (t) => {
  const bytes = Buffer.from([1, 1, 117, 2, 112, 119, 5]);
  t.match(readPassword(bytes), { kind: 'read', value: 'pw', used: 6 });
  for (let cut = 0; cut < 6; cut += 1) t.equal(readPassword(bytes.subarray(0, cut)).kind, 'more');
  t.match(readPassword(Buffer.from([5])), { kind: 'malformed' });
  t.match(readPassword(Buffer.from([1, 0, 0])), { kind: 'read', value: '', used: 3 });
});

void t.test('a reply is always whole', async (t) => {
  for (let reply = 0; reply <= 8; reply += 1) t.equal(formatReply(reply).length, 10);
});

void t.test('any bytes are read, refused or too few', { timeout: 20_000 }, async (t) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(
        fc.constantFrom([5, 1, 0, 3], [5, 1, 0, 4], [5, 1, 0, 1], [5, 255], [1, 255]),
        fc.uint8Array({ maxLength: 300 }),
      )
      .map(([head, tail]) => Uint8Array.from([...head, ...tail])),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      const buffer = Buffer.from(given);
      return [readGreeting(buffer), readPassword(buffer), readRequest(buffer)].every((read) =>
        read.kind === 'read'
          ? read.used <= given.length
          : read.kind === 'malformed' || given.length < 1 + 1 + 255 + 1 + 255,
      );
    }),
    { seed: 20_261_124, numRuns: 20_000 },
  );
  t.pass('20,000 messages');
});
