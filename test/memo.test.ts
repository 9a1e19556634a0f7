import t from 'tap';
import { Memo } from '../src/memo.ts';

void t.test('is made once for each text', (t) => {
  const made: string[] = [];
  const memo = new Memo((text) => {
    made.push(text);
    return text.toUpperCase();
  });
  t.strictSame(
    ['a', 'b', 'a'].map((text) => memo.of(text)),
    ['A', 'B', 'A'],
  );
  t.strictSame(made, ['a', 'b']);
  t.end();
});

void t.test('a false one is kept like others, one that failed is not', (t) => {
  let calls = 0;
  const memo = new Memo((text) => {
    calls += 1;
    if (text === 'bad') throw new TypeError(text);
    return false;
  });
  t.equal(memo.of('x'), false);
  t.equal(memo.of('x'), false);
  t.throws(() => memo.of('bad'), TypeError);
  t.throws(() => memo.of('bad'), TypeError);
  t.equal(calls, 3);
  t.end();
});

void t.test('texts that never come again cost no more memory than so many', (t) => {
  let calls = 0;
  const memo = new Memo((text) => {
    calls += 1;
    return text;
  }, 3);
  for (const text of ['a', 'b', 'c', 'a', 'd', 'a']) t.equal(memo.of(text), text);
  t.equal(calls, 5, 'the fourth made room');
  t.end();
});

void t.test('a text that no host has is not kept', (t) => {
  let calls = 0;
  const memo = new Memo(() => (calls += 1));
  const long = 'x'.repeat(257);
  t.not(memo.of(long), memo.of(long));
  t.end();
});
