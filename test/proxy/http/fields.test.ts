import t from 'tap';
import { valuesOf } from '../../../src/http1/fields.ts';
import {
  endToEnd,
  hostProblem,
  requestFields,
  responseFields,
  trailerFields,
  upgradeOf,
} from '../../../src/proxy/http/fields.ts';

const sent = (fields: string[], more = {}): string[] =>
  requestFields(fields, {
    host: 'db:8080',
    isChunked: false,
    upgrade: undefined,
    keepsExpect: true,
    ...more,
  });

void t.test(
  'RFC 9110 7.6.1: hop-by-hop fields and what Connection names stay on this hop',
  async (t) => {
    const raw = [
      'Connection',
      'X-One, close',
      'connection',
      'X-TWO',
      'X-One',
      '1',
      'x-two',
      '2',
      'X-Three',
      '3',
      'Keep-Alive',
      'timeout=5',
      'Proxy-Connection',
      'keep-alive',
      'Proxy-Authorization',
      'Basic c2VjcmV0',
      'TE',
      'trailers',
      'Transfer-Encoding',
      'chunked',
      'Upgrade',
      'h2c',
      'Proxy-Authenticate',
      'Basic',
    ];
    t.strictSame(endToEnd(raw), ['X-Three', '3']);
  },
);

void t.test('Connection cannot take out what decides framing or destination', async (t) => {
  const raw = ['Connection', 'Content-Length, Host', 'Content-Length', '5', 'Host', 'db'];
  t.strictSame(endToEnd(raw), ['Content-Length', '5', 'Host', 'db']);
});

void t.test(
  'RFC 9112 3.2.2: Host is the one of the target, where and as it was written',
  async (t) => {
    const fields = sent(['A', '1', 'hOST', 'other', 'B', '2', 'HOST', 'third']);
    t.strictSame(fields.slice(0, 6), ['A', '1', 'hOST', 'db:8080', 'B', '2']);
    t.strictSame(valuesOf(fields, 'host'), ['db:8080']);
    t.strictSame(
      sent(['A', '1']).slice(0, 4),
      ['Host', 'db:8080', 'A', '1'],
      'HTTP/1.0 may have none',
    );
  },
);

void t.test('the coding stays where it was, if the next hop gets chunks too', async (t) => {
  const fields = ['A', '1', 'transfer-Encoding', 'Chunked', 'B', '2'];
  t.strictSame(endToEnd(fields, true), fields);
  t.strictSame(endToEnd(fields), ['A', '1', 'B', '2']);
});

void t.test('RFC 9110 10.1.1: Expect goes on, but not from HTTP/1.0', async (t) => {
  const fields = ['Expect', '100-continue'];
  t.strictSame(valuesOf(sent(fields), 'expect'), ['100-continue']);
  t.strictSame(valuesOf(sent(fields, { keepsExpect: false }), 'expect'), []);
});

void t.test(
  'RFC 9110 7.8: an upgrade is any protocol that Connection names it for, but h2c',
  async (t) => {
    t.equal(upgradeOf(['Connection', 'keep-alive, Upgrade', 'Upgrade', 'tcp']), 'tcp');
    t.equal(
      upgradeOf(['connection', 'upgrade', 'upgrade', 'h2c, TLS/1.3', 'Upgrade', 'x']),
      'TLS/1.3, x',
    );
    t.equal(upgradeOf(['Connection', 'Upgrade, HTTP2-Settings', 'Upgrade', 'h2c']), undefined);
    t.equal(upgradeOf(['Upgrade', 'websocket']), undefined, 'without Connection');
    t.strictSame(sent([], { upgrade: 'tcp' }).slice(2, 6), [
      'Connection',
      'Upgrade',
      'Upgrade',
      'tcp',
    ]);
  },
);

void t.test('RFC 9110 6.5.1: trailers go on, but none that must be known before', async (t) => {
  const fields = ['X-Sum', '1', 'Content-Length', '3', 'Connection', 'x', 'grpc-status', '0'];
  t.strictSame(trailerFields(fields), ['X-Sum', '1', 'grpc-status', '0']);
});

void t.test('order, case and repetition of fields survive', async (t) => {
  const raw = ['sEt-CooKie', 'a=1', 'X', 'y', 'Set-Cookie', 'b=2'];
  t.strictSame(responseFields(raw).slice(0, -2), raw);
});

void t.test('RFC 9110 7.6.3: Via says that the message came through here', async (t) => {
  t.strictSame(valuesOf(sent(['Via', '1.0 fred']), 'via'), ['1.0 fred', '1.1 spacetail']);
  t.strictSame(valuesOf(responseFields([]), 'via'), ['1.1 spacetail']);
});

void t.test('RFC 9110 7.6.2: Max-Forwards counts down', async (t) => {
  t.strictSame(valuesOf(sent(['Max-Forwards', '3']), 'max-forwards'), ['2']);
  t.strictSame(valuesOf(sent(['Max-Forwards', 'x']), 'max-forwards'), ['x']);
});

void t.test('RFC 9112 3.2: one Host', async (t) => {
  t.ok(hostProblem([], '1.1'));
  t.equal(hostProblem([], '1.0'), undefined);
  t.ok(hostProblem(['Host', 'a', 'host', 'a'], '1.0'));
});
