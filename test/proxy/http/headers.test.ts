import t from 'tap';
import {
  endToEnd,
  framingProblem,
  hostProblem,
  requestFields,
  responseFields,
  tokensOf,
  valuesOf,
} from '../../../src/proxy/http/headers.ts';

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

void t.test('RFC 9112 3.2.2: Host is the one of the target, and comes first', async (t) => {
  const fields = requestFields(['Host', 'other', 'A', '1', 'HOST', 'third'], 'db:8080');
  t.strictSame(fields.slice(0, 4), ['Host', 'db:8080', 'A', '1']);
  t.strictSame(valuesOf(fields, 'host'), ['db:8080']);
});

void t.test('order, case and repetition of fields survive', async (t) => {
  const raw = ['sEt-CooKie', 'a=1', 'X', 'y', 'Set-Cookie', 'b=2'];
  t.strictSame(responseFields(raw).slice(0, -2), raw);
});

void t.test('RFC 9110 7.6.3: Via says that the message came through here', async (t) => {
  t.strictSame(valuesOf(requestFields(['Via', '1.0 fred'], 'db'), 'via'), [
    '1.0 fred',
    '1.1 spacetail',
  ]);
  t.strictSame(valuesOf(responseFields([]), 'via'), ['1.1 spacetail']);
});

void t.test('RFC 9110 7.6.2: Max-Forwards counts down', async (t) => {
  t.strictSame(valuesOf(requestFields(['Max-Forwards', '3'], 'db'), 'max-forwards'), ['2']);
  t.strictSame(valuesOf(requestFields(['Max-Forwards', 'x'], 'db'), 'max-forwards'), ['x']);
});

void t.test(
  'RFC 9112 6.3: a length that two readers could read differently is a problem',
  async (t) => {
    const problems: [raw: string[], version: string][] = [
      [['Transfer-Encoding', 'chunked', 'Content-Length', '3'], '1.1'],
      [['Transfer-Encoding', 'gzip, chunked'], '1.1'],
      [['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'], '1.1'],
      [['Transfer-Encoding', 'xchunked'], '1.1'],
      [['Transfer-Encoding', 'identity'], '1.1'],
      [['Transfer-Encoding', 'chunked'], '1.0'],
      [['Content-Length', '3', 'content-length', '3'], '1.1'],
      [['Content-Length', '3, 3'], '1.1'],
      [['Content-Length', '+3'], '1.1'],
      [['Content-Length', '0x3'], '1.1'],
      [['Content-Length', ''], '1.1'],
      [['Content-Length', '9'.repeat(20)], '1.1'],
    ];
    for (const [raw, version] of problems) t.ok(framingProblem(raw, version), raw.join(' '));
    t.equal(framingProblem(['Transfer-Encoding', 'Chunked'], '1.1'), undefined);
    t.equal(framingProblem(['Content-Length', '0'], '1.0'), undefined);
  },
);

void t.test('RFC 9112 3.2: one Host', async (t) => {
  t.ok(hostProblem([], '1.1'));
  t.equal(hostProblem([], '1.0'), undefined);
  t.ok(hostProblem(['Host', 'a', 'host', 'a'], '1.0'));
});

void t.test('the members of a list field', async (t) => {
  t.strictSame(tokensOf(['Connection', ' A ,,b', 'connection', 'C'], 'connection'), [
    'a',
    'b',
    'c',
  ]);
});
