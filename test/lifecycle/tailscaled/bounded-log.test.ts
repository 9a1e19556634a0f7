import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import { openBoundedLog } from '../../../src/lifecycle/tailscaled/bounded-log.ts';
import { createLineRing } from '../../../src/lifecycle/tailscaled/line-ring.ts';
import { createTailscaledLog } from '../../../src/lifecycle/tailscaled/tailscaled-log.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

void t.test('it grows to its size and one file more, mode 0600', async (t) => {
  const folder = tmpFolder(t);
  const log = openBoundedLog(join(folder, 'x.log'), { maxKilobytes: 16 });
  for (let i = 0; i < 40; i += 1) {
    log.write(`${i} ${'x'.repeat(1000)}\n`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await log.close();
  const names = readdirSync(folder).sort();
  t.strictSame(names, ['x.log', 'x.log.1']);
  for (const name of names) {
    t.ok(lstatSync(join(folder, name)).size < 18_000);
    t.equal(lstatSync(join(folder, name)).mode & 0o777, 0o600);
  }
  t.match(readFileSync(join(folder, 'x.log'), 'utf8'), /39 x+\n$/);
  t.equal(log.dropped(), 0);
});

void t.test(
  'a full disk drops lines with a count, and writing goes on when there is room again',
  async (t) => {
    const folder = tmpFolder(t);
    // /dev/full answers every write with ENOSPC (full(4)).
    symlinkSync('/dev/full', join(folder, 'x.log'));
    const log = openBoundedLog(join(folder, 'x.log'));
    log.write('lost\n');
    await waitFor(() => log.dropped() > 0, { what: 'a dropped line' });
    rmSync(join(folder, 'x.log'));
    await waitFor(() => {
      log.write('kept\n');
      return (
        readdirSync(folder).includes('x.log') &&
        readFileSync(join(folder, 'x.log'), 'utf8').includes('kept')
      );
    });
    await log.close();
  },
);

void t.test('a folder that is gone is no error', async (t) => {
  const folder = join(tmpFolder(t), 'gone');
  mkdirSync(folder);
  const log = openBoundedLog(join(folder, 'x.log'));
  rmSync(folder, { recursive: true });
  log.write('a\n');
  log.write('b\n');
  await log.close();
  t.pass('closed');
});

void t.test('a reader too slow drops lines instead of filling the memory', async (t) => {
  const log = openBoundedLog(join(tmpFolder(t), 'x.log'), { maxBufferedBytes: 10_000 });
  for (let i = 0; i < 100; i += 1) log.write('y'.repeat(1000));
  t.ok(log.dropped() > 50);
  await log.close();
});

void t.test('tailscaled’s last lines are kept for errors, without secrets', async (t) => {
  const path = join(tmpFolder(t), 'tailscaled.log');
  const log = createTailscaledLog(path, (text) => text.replaceAll('s3cret', '[redacted]'));
  for (let i = 0; i < 20; i += 1) log.writeLine(`line ${i} s3cret`);
  await log.close();
  t.strictSame(log.lastLines().length, 8);
  t.equal(log.lastLines().at(-1), 'line 19 [redacted]');
  t.notMatch(readFileSync(path, 'utf8'), 's3cret');
});

void t.test('lines are whole however the chunks are cut, and an endless line is cut', (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string().filter((line) => !/[\r\n]/.test(line)),
        { maxLength: 6 },
      ),
      fc.integer({ min: 1, max: 5 }),
      (lines, size) => {
        const seen: string[] = [];
        const ring = createLineRing(3, (line) => seen.push(line));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        for (let at = 0; at < bytes.length; at += size) ring.push(bytes.subarray(at, at + size));
        t.strictSame(
          seen,
          lines.map((line) => Buffer.from(line).toString('utf8')),
        );
        t.strictSame(ring.lines(), seen.slice(-3));
      },
    ),
    { seed: 14, numRuns: 200 },
  );
  const ring = createLineRing(3, () => {});
  for (let i = 0; i < 100; i += 1) ring.push(Buffer.alloc(10_000, 'x'));
  t.strictSame(ring.lines(), ['x'.repeat(500)]);
  t.end();
});
