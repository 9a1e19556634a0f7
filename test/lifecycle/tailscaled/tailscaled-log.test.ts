import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import { createLineRing } from '../../../src/lifecycle/tailscaled/line-ring.ts';
import { createTailscaledLog } from '../../../src/lifecycle/tailscaled/tailscaled-log.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

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
        assert.deepEqual(
          seen,
          lines.map((line) => Buffer.from(line).toString('utf8')),
        );
        assert.deepEqual(ring.lines(), seen.slice(-3));
      },
    ),
    { seed: 14, numRuns: 200 },
  );
  t.pass('200 runs');
  const ring = createLineRing(3, () => {});
  for (let i = 0; i < 100; i += 1) ring.push(Buffer.alloc(10_000, 'x'));
  t.strictSame(ring.lines(), ['x'.repeat(500)]);
  t.end();
});
