import t from 'tap';
import { MAX_SECTION_BYTES, requestReader, responseReader } from '../../src/http1/head.ts';
import { tokensOf, valuesOf } from '../../src/http1/fields.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

void t.test(
  'a head keeps names, order, spelling, repetition and bytes as they were sent',
  async (t) => {
    const read = requestReader().push(
      bytes('BAN http://h/\u00FC|\\?a=b\\c HTTP/1.1\r\nhOST: h\r\nX:\t\u00E9 \r\nx: 2\r\n\r\nrest'),
    );
    t.match(read, {
      kind: 'whole',
      start: { method: 'BAN', target: 'http://h/\u00FC|\\?a=b\\c', version: '1.1' },
    });
    if (read.kind !== 'whole') return;
    t.same(read.fields, ['hOST', 'h', 'X', '\u00E9', 'x', '2']);
    t.equal(read.rest.toString(), 'rest');
  },
);

void t.test('a request that two readers could read differently is malformed', async (t) => {
  for (const [what, text] of Object.entries({
    'no version': 'CONNECT db:1\r\n\r\n',
    'another version': 'GET / HTTP/1.2\r\n\r\n',
    'two spaces': 'GET  / HTTP/1.1\r\n\r\n',
    'a tab': 'GET\t/ HTTP/1.1\r\n\r\n',
    'a space in the target': 'GET /a b HTTP/1.1\r\n\r\n',
    'a control in the target': 'GET /\u0001 HTTP/1.1\r\n\r\n',
    'bare line feeds': 'GET / HTTP/1.1\nHost: a\n\n',
    'a bare CR': 'GET / HTTP/1.1\r\nX: a\rb\r\n\r\n',
    NUL: 'GET / HTTP/1.1\r\nX: a\0b\r\n\r\n',
    'a folded line': 'GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n',
    'a space before the first field': 'GET / HTTP/1.1\r\n X: a\r\n\r\n',
    'a space before the colon': 'GET / HTTP/1.1\r\nX : a\r\n\r\n',
    'no colon': 'GET / HTTP/1.1\r\nX\r\n\r\n',
    'no name': 'GET / HTTP/1.1\r\n: a\r\n\r\n',
    TLS: '\u0016\u0003\u0001',
  })) {
    t.match(requestReader().push(bytes(text)), { kind: 'malformed' }, what);
  }
});

void t.test('an answer is read more openly, and one that is none is told at once', async (t) => {
  const lf = responseReader().push(bytes('HTTP/1.1 200\nA : b\r\nC: d\n  e \n\n'));
  t.match(lf, {
    kind: 'whole',
    start: { status: 200, reason: '' },
    fields: ['A', 'b', 'C', 'd e'],
  });
  t.match(responseReader().push(bytes('HTTP/1.0 599 \u00FC\r\n\r\n')), {
    start: { status: 599, reason: '\u00FC', version: '1.0' },
  });
  for (const text of [
    'SSH-2.0-Open',
    'HTTQ',
    'HTTP/2 200\r\n',
    'HTTP/1.1 99\r\n',
    'HTTP/1.1 2000 \r\n',
  ]) {
    t.match(responseReader().push(bytes(text)), { kind: 'malformed' }, text);
  }
  t.match(responseReader().push(bytes('HTT')), { kind: 'more' });
});

void t.test('empty lines before a request are read over (RFC 9112 2.2)', async (t) => {
  const reader = requestReader();
  t.match(reader.push(bytes('\r\n\r')), { kind: 'more' });
  t.equal(reader.push(bytes('\n')).kind, 'more');
  t.equal(reader.hasBegun, false);
  t.equal(reader.push(bytes('GET')).kind, 'more');
  t.equal(reader.hasBegun, true);
  t.match(reader.push(bytes(' / HTTP/1.1\r\n\r\n')), { kind: 'whole', start: { method: 'GET' } });
});

void t.test('a head has a limit, whether its end comes or not', async (t) => {
  const line = 'GET / HTTP/1.1\r\n';
  const of = (length: number): Buffer =>
    bytes(`${line}X: ${'a'.repeat(length - line.length - 'X: \r\n\r\n'.length)}\r\n\r\n`);
  t.equal(requestReader().push(of(MAX_SECTION_BYTES)).kind, 'whole');
  t.equal(requestReader().push(of(MAX_SECTION_BYTES + 1)).kind, 'too_large');
  const endless = requestReader();
  let pushed = 0;
  while (endless.push(bytes('a'.repeat(1000))).kind === 'more') pushed += 1000;
  t.ok(pushed <= MAX_SECTION_BYTES);
  const empty = responseReader();
  while (empty.push(bytes('\r\n'.repeat(500))).kind === 'more');
  t.pass('empty lines count too');
});

void t.test('the members of a list field, and the values of a field', async (t) => {
  const fields = ['Connection', ' A ,,b', 'connection', 'C', 'X', '1'];
  t.strictSame(tokensOf(fields, 'connection'), ['a', 'b', 'c']);
  t.strictSame(valuesOf(fields, 'connection'), [' A ,,b', 'C']);
  t.strictSame(tokensOf(fields, 'te'), []);
});
