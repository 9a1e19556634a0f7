import * as fc from 'fast-check';
import t from 'tap';
import { openConnection } from '../../../src/proxy/dial/connection.ts';
import {
  readSocksAnswer,
  socksConnect,
  socksQuestion,
} from '../../../src/proxy/dial/socks5-client.ts';
import { rawSocks } from '../../support/fake-socks.ts';

const NEVER = new AbortController().signal;
const OK_IPV4 = Buffer.from([5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 80]);

void t.test('greeting and request are one write, with the address as a literal', async (t) => {
  t.equal(
    socksQuestion({ host: '100.64.0.7', port: 5432 }).toString('hex'),
    '05010005010001644000071538',
  );
  t.equal(
    socksQuestion({ host: 'fd7a:115c:a1e0:1a0b::503', port: 80 }).toString('hex'),
    '05010005010004fd7a115ca1e01a0b00000000000005030050',
  );
});

void t.test('the answer may come in one piece or byte by byte', async (t) => {
  for (let cut = 0; cut < OK_IPV4.length; cut += 1) {
    t.equal(readSocksAnswer(OK_IPV4.subarray(0, cut)).kind, 'more', String(cut));
  }
  t.match(readSocksAnswer(Buffer.concat([OK_IPV4, Buffer.from('SSH-2.0')])), {
    value: 0,
    used: 12,
  });
});

void t.test('the bound address may have any type', async (t) => {
  const ipv6 = Buffer.from([5, 0, 5, 0, 0, 4, ...Buffer.alloc(16), 0, 80]);
  const domain = Buffer.from([5, 0, 5, 0, 0, 3, 2, 97, 98, 0, 80]);
  t.match(readSocksAnswer(ipv6), { value: 0, used: ipv6.length });
  t.match(readSocksAnswer(domain), { value: 0, used: domain.length });
});

void t.test(
  'a failure of four bytes, as tailscaled before 1.72 sends it, is not waited on',
  async (t) => {
    t.match(readSocksAnswer(Buffer.from([5, 0, 5, 1, 0, 1])), { kind: 'read', value: 1 });
  },
);

void t.test('what is not SOCKS5 is told, not waited for', async (t) => {
  for (const bytes of [[72], [4], [5, 255], [5, 2], [5, 0, 72], [5, 0, 5, 0, 0, 9]]) {
    t.match(readSocksAnswer(Buffer.from(bytes)), { kind: 'malformed' }, bytes.join(' '));
  }
});

void t.test('bytes after the reply belong to the tunnel', async (t) => {
  for (const isFixed of [true, false]) {
    const socks = await rawSocks(t, () => Buffer.concat([OK_IPV4, Buffer.from('banner')]));
    const connection = openConnection({ address: '127.0.0.1', port: socks.port, isFixed });
    const result = await socksConnect(
      connection,
      { host: '100.64.0.7', port: 22 },
      { timeoutMs: 2000, signal: NEVER },
    );
    t.match(result, { kind: 'answer', answer: 0 });
    const { promise, resolve } = Promise.withResolvers<string>();
    let received = '';
    connection.readInto((chunk) => {
      received += chunk.toString();
      if (received === 'banner, more') resolve(received);
      return true;
    });
    for (const socket of socks.open) socket.write(', more');
    t.equal(await promise, 'banner, more', isFixed ? 'fixed buffer' : 'stream');
    connection.socket.destroy();
  }
});

void t.test(
  'a server that ends, resets or says nothing is told apart, and nothing is left open',
  async (t) => {
    const ask = async (
      handle: Parameters<typeof rawSocks>[1],
      timeoutMs = 2000,
      signal = NEVER,
    ) => {
      const socks = await rawSocks(t, handle);
      const connection = openConnection({
        address: '127.0.0.1',
        port: socks.port,
        isFixed: true,
      });
      const result = await socksConnect(
        connection,
        { host: '100.64.0.7', port: 22 },
        { timeoutMs, signal },
      );
      t.equal(connection.socket.destroyed, true);
      return result;
    };
    t.match(await ask((socket) => void socket.end(Buffer.from([5, 0]))), {
      kind: 'cut',
      code: 'EOF',
    });
    t.match(await ask((socket) => void socket.resetAndDestroy()), {
      kind: 'cut',
      code: 'ECONNRESET',
    });
    t.match(await ask(() => undefined, 50), { kind: 'timeout' });
    t.match(await ask(() => undefined, 2000, AbortSignal.timeout(50)), { kind: 'aborted' });
    t.match(await ask(() => Buffer.from([5, 0, 5, 5, 0, 1])), {
      kind: 'answer',
      answer: 5,
    });
  },
);

void t.test(
  'any bytes are an answer, a failure or too few, and never more than were given',
  { timeout: 20_000 },
  async (t) => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(
          fc.constantFrom([5, 0, 5, 0, 0], [5, 0, 5, 0, 0, 3], [5, 0, 5], [5]),
          fc.uint8Array({ maxLength: 300 }),
        )
        .map(([head, tail]) => Uint8Array.from([...head, ...tail])),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const parsed = readSocksAnswer(Buffer.from(given));
        return parsed.kind === 'more'
          ? given.length < 6 + 1 + 255 + 2
          : parsed.kind === 'malformed' || parsed.used <= given.length;
      }),
      { seed: 20_261_124, numRuns: 30_000 },
    );
    t.pass('30,000 answers');
  },
);
