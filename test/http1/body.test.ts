import t from 'tap';
import { BodyReader } from '../../src/http1/body.ts';
import type { Framing } from '../../src/http1/framing.ts';
import { MAX_SECTION_BYTES } from '../../src/http1/head.ts';
import { formatChunk, formatLastChunk } from '../../src/http1/write.ts';

function read(framing: Framing, text: string, isStrict = true) {
  const body = new BodyReader(framing, isStrict);
  let content = '';
  const used = body.push(
    Buffer.from(text, 'latin1'),
    (part) => (content += part.toString('latin1')),
  );
  return { body, content, used };
}
const chunked: Framing = { kind: 'chunked' };

void t.test('a length, nothing, and until the connection ends', async (t) => {
  t.match(read({ kind: 'length', bytes: 3 }, 'abcd'), {
    content: 'abc',
    used: 3,
    body: { state: 'whole' },
  });
  t.match(read({ kind: 'length', bytes: 5 }, 'abcd'), { content: 'abcd', body: { state: 'more' } });
  t.match(read({ kind: 'none' }, 'abcd'), { content: '', used: 0, body: { state: 'whole' } });
  const { body, content } = read({ kind: 'close' }, 'abcd');
  t.equal(content, 'abcd');
  t.equal(body.end(), 'whole');
  t.equal(read({ kind: 'length', bytes: 5 }, 'abcd').body.end(), 'more', 'the others were cut');
});

void t.test('chunks with padding, extensions and trailers', async (t) => {
  const text =
    '0003 \r\nabc\r\n1;a="b\u00FC" ; c\r\nd\r\nA\t\r\n0123456789\r\n0;x\r\nX-Sum: 42\r\nY:\r\n\r\nrest';
  const { body, content, used } = read(chunked, text);
  t.equal(content, 'abcd0123456789');
  t.equal(text.slice(used), 'rest');
  t.same(body.trailers, ['X-Sum', '42', 'Y', '']);
});

void t.test('malformed chunks are told, and never end a body', async (t) => {
  for (const [text, problem] of [
    ['x\r\n', /hexadecimal/],
    ['\r\n', /hexadecimal/],
    [' 3\r\n', /hexadecimal/],
    ['3 4\r\n', /hexadecimal/],
    ['5\r\nabc\r\n0\r\n\r\n', /longer|hexadecimal|CR/],
    ['3\r\nabcd\r\n', /longer than its size/],
    ['-1\r\n', /hexadecimal/],
    ['10000000000000000\r\n', /too large/],
    ['ffffffffffffffff\r\n', /too large/],
    ['3\nabc\n0\n\n', /CRLF/],
    ['3\rabc', /CR without LF/],
    ['3;a=\0\r\n', /control character/],
    [`3;${'a'.repeat(5000)}`, /too long/],
    ['0\r\nX : 1\r\n\r\n', /space before the colon/],
    [`0\r\nX: ${'a'.repeat(MAX_SECTION_BYTES)}`, /trailers are too large/],
  ] as const) {
    const { body } = read(chunked, text);
    if (body.state !== 'more') t.match(body.problem, problem, text.slice(0, 40));
    t.not(body.state, 'whole', text.slice(0, 40));
  }
});

void t.test('in an answer LF alone ends a line', async (t) => {
  const { body, content } = read(chunked, '3\nabc\n0\nX: 1\n\n', false);
  t.equal(content, 'abc');
  t.same(body.trailers, ['X', '1']);
});

void t.test('what is written is read back', async (t) => {
  const parts = ['a', 'b'.repeat(20_000)].flatMap((text) => formatChunk(Buffer.from(text)));
  t.same(formatChunk(Buffer.alloc(0)), [], 'an empty chunk would be the last');
  const text = Buffer.concat([...parts, formatLastChunk(['X', '1'])]).toString('latin1');
  const { body, content } = read(chunked, text);
  t.equal(content, `a${'b'.repeat(20_000)}`);
  t.same(body.trailers, ['X', '1']);
});

void t.test(
  'an endless stream of tiny pieces costs time in proportion to its length',
  async (t) => {
    const reader = new BodyReader(chunked, true);
    const head = Buffer.from('0\r\n');
    reader.push(head, () => {});
    const piece = Buffer.from('X: 1\r\n');
    let pieces = 0;
    for (; reader.state === 'more'; pieces += 1) reader.push(piece, () => {});
    t.equal(reader.state, 'malformed');
    t.ok(pieces * piece.length <= MAX_SECTION_BYTES + 2 * piece.length);
  },
);
