import t from 'tap';
import { requestFraming, responseFraming } from '../../src/http1/framing.ts';
import type { Version } from '../../src/http1/head.ts';

const request = (fields: string[], version: Version = '1.1') =>
  requestFraming({ method: 'POST', target: '/', version, fields });
const answer = (status: number, fields: string[], method = 'GET', version: Version = '1.1') =>
  responseFraming({ status, reason: '', version, fields }, method);

void t.test(
  'RFC 9112 6.3: a length that two readers could read differently is ambiguous',
  async (t) => {
    const cases: [fields: string[], version?: Version][] = [
      [['Transfer-Encoding', 'chunked', 'Content-Length', '3']],
      [['Transfer-Encoding', 'gzip, chunked']],
      [['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked']],
      [['Transfer-Encoding', 'xchunked']],
      [['Transfer-Encoding', 'identity']],
      [['Transfer-Encoding', '']],
      [['Transfer-Encoding', 'chunked'], '1.0'],
      [['Content-Length', '3', 'content-length', '3']],
      [['Content-Length', '3, 3']],
      [['Content-Length', '+3']],
      [['Content-Length', '0x3']],
      [['Content-Length', '']],
      [['Content-Length', '9'.repeat(16)]],
    ];
    for (const [fields, version] of cases) {
      t.equal(request(fields, version).kind, 'ambiguous', fields.join(' '));
      t.equal(
        answer(200, fields, 'HEAD', version).kind,
        'ambiguous',
        `${fields.join(' ')}, answer`,
      );
    }
  },
);

void t.test('RFC 9112 6.3: where a request ends', async (t) => {
  t.same(request([]), { kind: 'none' });
  t.same(request(['Content-Length', '0'], '1.0'), { kind: 'none' });
  t.same(request(['content-length', '0012']), { kind: 'length', bytes: 12 });
  t.same(request(['Transfer-Encoding', 'Chunked']), { kind: 'chunked' });
});

void t.test('RFC 9112 6.3: where an answer ends', async (t) => {
  const length = ['Content-Length', '9'];
  t.same(answer(200, length), { kind: 'length', bytes: 9 });
  t.same(answer(200, []), { kind: 'close' });
  t.same(answer(200, [], 'GET', '1.0'), { kind: 'close' });
  t.same(answer(200, length, 'HEAD'), { kind: 'none' });
  for (const status of [100, 103, 204, 304]) t.same(answer(status, length), { kind: 'none' });
});
