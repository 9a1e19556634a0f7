import t from 'tap';
import { WaitingLines } from '../../../src/proxy/log/waiting-lines.ts';

function takeAll(waiting: WaitingLines): Buffer[] {
  const taken: Buffer[] = [];
  for (let bytes = waiting.take(); bytes !== undefined; bytes = waiting.take()) taken.push(bytes);
  return taken;
}

void t.test('lines come out as they went in, in whole lines and in parts of bounded size', (t) => {
  const waiting = new WaitingLines();
  const lines = Array.from({ length: 5000 }, (_, at) => `${at} ${'ü€😀'.repeat(at % 7)}\n`);
  for (const line of lines) waiting.add(line);
  t.equal(waiting.bytes, Buffer.byteLength(lines.join('')));
  const taken = takeAll(waiting);
  t.equal(Buffer.concat(taken).toString(), lines.join(''));
  t.ok(taken.length > 1);
  t.ok(taken.every((bytes) => bytes.length <= 65_536 && bytes.at(-1) === 0x0a));
  t.equal(waiting.bytes, 0);
  t.end();
});

void t.test('a line larger than a part is one', (t) => {
  const waiting = new WaitingLines();
  const long = `${'x'.repeat(200_000)}\n`;
  for (const line of ['a\n', long, 'b\n']) waiting.add(line);
  t.equal(Buffer.concat(takeAll(waiting)).toString(), `a\n${long}b\n`);
  t.end();
});

void t.test('what is given up is counted', (t) => {
  const waiting = new WaitingLines();
  for (const line of ['a\n', 'b\n', 'c\n']) waiting.add(line);
  t.equal(waiting.clear(), 3);
  t.equal(waiting.bytes, 0);
  t.equal(waiting.take(), undefined);
  t.end();
});
