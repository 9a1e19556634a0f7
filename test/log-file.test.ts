import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { LogFile } from '../src/log-file.ts';
import { tmpFolder } from './support/tmp-folder.ts';
import { waitFor } from './support/wait-for.ts';

const options = { maxBytes: 1e9, keep: 1, maxWaitingBytes: 1e6 };

void t.test('it grows to its size and one file more, mode 0600', async (t) => {
  const folder = tmpFolder(t);
  const log = new LogFile({ ...options, path: join(folder, 'x.log'), maxBytes: 100_000 });
  for (let i = 0; i < 400; i += 1) log.write(`${i} ${'x'.repeat(1000)}\n`);
  await log.close();
  const names = readdirSync(folder).sort();
  t.strictSame(names, ['x.log', 'x.log.1']);
  for (const name of names) {
    t.ok(lstatSync(join(folder, name)).size <= 100_000);
    t.equal(lstatSync(join(folder, name)).mode & 0o777, 0o600);
  }
  t.match(readFileSync(join(folder, 'x.log'), 'utf8'), /399 x+\n$/);
  t.equal(log.dropped(), 0);
});

void t.test('a file that cannot be opened is tried again until it can', async (t) => {
  const folder = tmpFolder(t);
  const path = join(folder, 'x.log');
  mkdirSync(path);
  const log = new LogFile({ ...options, path });
  await t.rejects(log.open(), { code: 'EISDIR' });
  log.write('first\n');
  rmSync(path, { recursive: true });
  log.write('second\n');
  await waitFor(() => readdirSync(folder).includes('x.log') && lstatSync(path).size > 0, {
    what: 'the lines',
  });
  t.equal(readFileSync(path, 'utf8'), 'first\nsecond\n');
  t.equal(log.dropped(), 0);
  await log.close();
});

void t.test('a link is not followed', async (t) => {
  const folder = tmpFolder(t);
  writeFileSync(join(folder, 'victim'), '');
  symlinkSync('victim', join(folder, 'x.log'));
  const log = new LogFile({ ...options, path: join(folder, 'x.log') });
  await t.rejects(log.open(), { code: 'ELOOP' });
  await log.close();
});

void t.test('a full disk costs lines, each counted, and close does not hang', async (t) => {
  // It answers every write with ENOSPC (full(4)).
  const log = new LogFile({ ...options, path: '/dev/full', maxWaitingBytes: 1100 });
  for (let count = 0; count < 200; count++) log.write('0123456789\n');
  t.equal(log.dropped(), 100, 'more than may wait');
  await log.close();
  t.equal(log.dropped(), 200);
  log.write('late\n');
  t.equal(log.dropped(), 201, 'so is what comes after the end');
});

void t.test('a disk that is full for a while costs nothing, not even half a line', async (t) => {
  const disk = { free: 15, content: '', hasRefused: Promise.withResolvers<void>() };
  const handle = {
    stat: async () => ({ size: 0 }),
    async write(bytes: Buffer) {
      const bytesWritten = Math.min(disk.free, bytes.length);
      if (bytesWritten === 0) {
        disk.hasRefused.resolve();
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      }
      disk.free -= bytesWritten;
      disk.content += bytes.toString('utf8', 0, bytesWritten);
      return { bytesWritten, buffer: bytes };
    },
    close: async () => undefined,
  } as unknown as FileHandle;
  const log = new LogFile({ ...options, path: '/nowhere' }, async () => handle);
  log.write('first line\n');
  log.write('second line\n');
  await disk.hasRefused.promise;
  disk.free = 1000;
  log.write('third line\n');
  await waitFor(() => disk.content.includes('third'), { what: 'the lines' });
  await log.close();
  t.equal(disk.content, 'first line\nsecond line\nthird line\n');
  t.equal(log.dropped(), 0);
});

void t.test('what waits is written when the process ends without closing it', async (t) => {
  const path = join(tmpFolder(t), 'x.log');
  const program = `
    import { LogFile } from ${JSON.stringify(new URL('../src/log-file.ts', import.meta.url).href)};
    const log = new LogFile({ path: ${JSON.stringify(path)}, maxBytes: 1e9, keep: 1, maxWaitingBytes: 1e6 });
    log.write('last words\\n');
    process.exit(3);
  `;
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = ['--input-type=module', '-e', program];
  t.equal(spawnSync(process.execPath, args, { env, stdio: 'inherit' }).status, 3);
  t.equal(readFileSync(path, 'utf8'), 'last words\n');
});
