import * as fc from 'fast-check';
import t from 'tap';
import {
  formatBytes,
  formatMs,
  formatTarget,
  printable,
  shorten,
} from '../../src/report/format.ts';

void t.test('bytes and times read as people write them', async (t) => {
  t.same([0, 999, 1000, 1234, 999_499, 999_500, 12_345_678, 5e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '999 kB',
    '1.0 MB',
    '12 MB',
    '5.0 PB',
  ]);
  t.same([null, 0, 0.44, 9.96, 12, 999.4, 999.6, 1500, 99_949, 192_000, 7_200_000].map(formatMs), [
    '-',
    '0.0 ms',
    '0.4 ms',
    '10 ms',
    '12 ms',
    '999 ms',
    '1.0 s',
    '1.5 s',
    '99.9 s',
    '3.2 min',
    '2.0 h',
  ]);
});

void t.test('property: no number below an exabyte is wider than its column', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9e14 }), (bytes) => formatBytes(bytes).length <= 6),
    { seed: 15 },
  );
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 86_400_000, noNaN: true }),
      (ms) => formatMs(ms).length <= 8,
    ),
    { seed: 15 },
  );
  t.pass();
});

void t.test('targets: IPv6 in brackets, an unreadable host said so', async (t) => {
  t.equal(formatTarget('2001:db8::1', 443), '[2001:db8::1]:443');
  t.equal(formatTarget('a.example', 80), 'a.example:80');
  t.equal(formatTarget('', 0), '(unreadable)');
});

void t.test('a long name keeps both ends', async (t) => {
  t.equal(shorten('abcdefghijklmnopqrstuvwxyz:443', 12), 'abc…wxyz:443');
  t.equal(shorten('short', 12), 'short');
});

void t.test('control, direction and line characters are taken out', async (t) => {
  t.equal(printable('a\x1b[31mb\u202Ec\u2028d\n'), 'a?[31mb?c?d?');
});
